namespace Porthor.Testing;

/// <summary>A node of a deployment as a process of its own, with a wire of its own to each store.</summary>
internal sealed class Node : IAsyncDisposable
{
    /// <summary>Longer than any answer may take, so that silence is told apart from slowness.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly PorthorProgram program;
    private RunningProgram? running;
    private TaskCompletionSource up = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Node(PorthorProgram program, FaultyWire tokenIndex, FaultyWire? recordStore)
    {
        this.program = program;
        TokenIndex = tokenIndex;
        RecordStore = recordStore;
    }

    public FaultyWire TokenIndex { get; }

    /// <summary>Null where the records are in the token index's database.</summary>
    public FaultyWire? RecordStore { get; }

    public Uri Url { get; private set; } = null!;

    public bool IsUp => up.Task.IsCompleted;

    /// <summary>What the process that is running, or ran last, has printed.</summary>
    public string Output => running is null ? "" : running.Output + running.Errors;

    /// <summary>For all nodes: their addresses change with each start.</summary>
    public static HttpClient CreateClient() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false }) { Timeout = Patience };

    /// <param name="yaml">More lines of configuration.</param>
    public static async Task<Node> CreateAsync(Deployment deployment, string yaml = "")
    {
        var program = await PorthorProgram.ForAsync(deployment, yaml);
        var tokenIndex = new FaultyWire((await RealServers.Instance.PostgresAsync()).Port);
        program.Variables["PORTHOR_DATABASE_URL"] = $"postgresql://{PostgresServer.User}@127.0.0.1:{tokenIndex.Port}/{deployment.DatabaseName}";
        FaultyWire? recordStore = null;
        if (deployment.Settings.PersistentRedis is { } redis)
        {
            recordStore = new FaultyWire(redis.Port);
            program.Variables["PORTHOR_REDIS_PERSISTENT_URL"] = $"redis://127.0.0.1:{recordStore.Port}/{redis.Database}";
        }
        return new Node(program, tokenIndex, recordStore);
    }

    /// <summary>Starts it, and returns when it serves.</summary>
    /// <param name="port">Null for any that is free.</param>
    public async Task StartAsync(int? port = null)
    {
        while (true)
        {
            // Another process may take a port that was free a moment ago; then another is tried.
            Url = new Uri($"http://127.0.0.1:{port ?? RealServers.FreePort()}");
            running = program.Start("run", "--port", $"{Url.Port}");
            try
            {
                await running.UntilAsync(IsHealthyAsync, "the server");
                break;
            }
            catch (InvalidOperationException) when (port is null && running.Errors.Contains("Cannot listen", StringComparison.Ordinal))
            {
            }
        }
        up.TrySetResult();
    }

    /// <summary>As <c>kill -9</c>.</summary>
    public async Task KillAsync()
    {
        up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await running!.KillAsync();
    }

    /// <summary>As a service manager ends it.</summary>
    public Task<Outcome> TerminateAsync()
    {
        up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return running!.TerminateAsync();
    }

    /// <summary>From now on it may not print this, nor have printed it.</summary>
    public void Secret(string text) => program.Secrets.Add(text);

    /// <summary>Runs a command beside the server.</summary>
    public Task<Outcome> RunAsync(params string[] arguments) => program.RunAsync(arguments);

    /// <summary>Done as soon as it serves.</summary>
    public Task UntilUpAsync() => up.Task;

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
