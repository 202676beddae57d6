namespace Porthor.Testing;

/// <summary>Runs a node of a deployment in its own process, with a failure-injecting connection to each store.</summary>
internal sealed class Node : IAsyncDisposable
{
    /// <summary>The timeout is longer than the time limit of any request, so that a missing answer differs from a slow one.</summary>
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(40);

    private readonly PorthorProgram program;
    private RunningProgram? running;
    private TaskCompletionSource up = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Node(PorthorProgram program, FaultInjectingProxy tokenIndex, FaultInjectingProxy? recordStore)
    {
        this.program = program;
        TokenIndex = tokenIndex;
        RecordStore = recordStore;
    }

    public FaultInjectingProxy TokenIndex { get; }

    /// <summary>Null if the records are in the token index's database.</summary>
    public FaultInjectingProxy? RecordStore { get; }

    public Uri Url { get; private set; } = null!;

    public bool IsUp => up.Task.IsCompleted;

    /// <summary>The output of the process that is running or ran last.</summary>
    public string Output => running is null ? "" : running.Output + running.Errors;

    /// <summary>Creates a client for all nodes, without a base address: a node's address changes with each start.</summary>
    public static HttpClient CreateClient() =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false }) { Timeout = RequestTimeout };

    /// <param name="yaml">Additional lines of configuration.</param>
    public static async Task<Node> CreateAsync(Deployment deployment, string yaml = "")
    {
        var program = await PorthorProgram.ForAsync(deployment, yaml);
        var tokenIndex = new FaultInjectingProxy((await RealServers.Instance.PostgresAsync()).Port);
        program.Variables["PORTHOR_DATABASE_URL"] =
            $"postgresql://{PostgresServer.User}@127.0.0.1:{tokenIndex.Port}/{deployment.DatabaseName}";
        FaultInjectingProxy? recordStore = null;
        if (deployment.Settings.PersistentRedis is { } redis)
        {
            recordStore = new FaultInjectingProxy(redis.Port);
            program.Variables["PORTHOR_REDIS_PERSISTENT_URL"] = $"redis://127.0.0.1:{recordStore.Port}/{redis.Database}";
        }
        return new Node(program, tokenIndex, recordStore);
    }

    /// <summary>Starts the node and waits until it is healthy.</summary>
    /// <param name="port">The port; null for any free port.</param>
    public async Task StartAsync(int? port = null)
    {
        while (true)
        {
            // Another process can take the port before the node binds it. Then the next port is tried.
            Url = new Uri($"http://127.0.0.1:{port ?? RealServers.FreePort()}");
            running = program.Start("run", "--port", $"{Url.Port}");
            try
            {
                await running.WaitUntilAsync(IsHealthyAsync, "the server");
                break;
            }
            catch (InvalidOperationException) when (port is null && running.Errors.Contains("Cannot listen", StringComparison.Ordinal))
            {
            }
        }
        up.TrySetResult();
    }

    /// <summary>Kills the process, as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await running!.KillAsync();
    }

    /// <summary>Terminates the process, as a service manager does.</summary>
    public Task<Outcome> TerminateAsync()
    {
        up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return running!.TerminateAsync();
    }

    /// <summary>Registers a secret. The test fails if the process has printed it or prints it later.</summary>
    public void Secret(string text) => program.Secrets.Add(text);

    /// <summary>Runs a command while the server is running.</summary>
    public Task<Outcome> RunAsync(params string[] arguments) => program.RunAsync(arguments);

    /// <summary>Waits until the node is healthy.</summary>
    public Task WaitUntilUpAsync() => up.Task;

    public async ValueTask DisposeAsync()
    {
        await program.DisposeAsync();
        await TokenIndex.DisposeAsync();
        if (RecordStore is not null)
            await RecordStore.DisposeAsync();
    }

    private async Task<bool> IsHealthyAsync()
    {
        using var client = CreateClient();
        try
        {
            using var answer = await client.GetAsync(new Uri(Url, "/health"));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
