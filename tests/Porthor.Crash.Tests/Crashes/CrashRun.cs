using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Crashes;

/// <summary>
/// One run: clients change and use tokens at several nodes, which are killed between two of their messages to a store and started again.
/// Then the responses that clients received are compared with the stores.
/// </summary>
internal sealed partial class CrashRun : IAsyncDisposable
{
    private const int Clients = 6;

    /// <summary>If a node sends no matching message within this time, it is killed anyway.</summary>
    private static readonly TimeSpan MessageTimeout = TimeSpan.FromSeconds(5);

    private readonly Deployment deployment;
    private readonly List<Node> nodes;
    private readonly Random random;
    private readonly TokenTree tokenTree = new();
    private readonly HttpClient http = Node.CreateClient();
    private readonly List<Client> clients = [];
    private Token administrator = null!;

    private CrashRun(Deployment deployment, List<Node> nodes, int seed)
    {
        this.deployment = deployment;
        this.nodes = nodes;
        random = new Random(seed);
        Seed = seed;
    }

    public int Seed { get; }

    private int Answered => clients.Sum(client => client.Count.Answered);

    /// <summary>The results of the run in one line.</summary>
    public string Summary { get; private set; } = "";

    public static async Task<CrashRun> BeginAsync(Mode mode, int nodeCount, int seed)
    {
        var deployment = await Deployment.CreateAsync(mode);
        List<Node> nodes = [];
        for (var number = 0; number < nodeCount; number++)
            nodes.Add(await Node.CreateAsync(deployment));
        var run = new CrashRun(deployment, nodes, seed);
        // The first node creates the schema.
        foreach (var node in nodes)
            await node.StartAsync();
        run.administrator = await run.http.CreateAdministratorAsync(nodes[0].Url, deployment.Settings.BootstrapToken!);
        return run;
    }

    /// <summary>Starts the clients, kills nodes this many times, and waits for the clients.</summary>
    public async Task KillAsync(int kills)
    {
        using var stopping = new CancellationTokenSource();
        clients.AddRange(Enumerable.Range(0, Clients).Select(number => new Client(number, Seed, nodes, tokenTree, administrator, http)));
        List<Task> work = [.. clients.Select(client => Task.Run(() => client.RunAsync(stopping.Token)))];
        try
        {
            // Each kill point is used once before any is repeated.
            var points = KillPoint.In(deployment.Mode);
            random.Shuffle(points);
            for (var kill = 0; kill < kills && work.TrueForAll(client => !client.IsFaulted); kill++)
                await KillOneAsync(points[kill % points.Length]);
        }
        finally
        {
            await stopping.CancelAsync();
            await Task.WhenAll(work);
        }
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        foreach (var node in nodes)
        {
            foreach (var token in tokenTree.Tokens)
                node.Secret(token.Token.Reveal().Split('.')[1]);
            await node.DisposeAsync();
        }
        await deployment.DisposeAsync();
    }

    /// <summary>
    /// Kills a node at one of its next messages to a store, and starts it again after the other nodes have answered some requests.
    /// </summary>
    private async Task KillOneAsync(KillPoint point)
    {
        var node = nodes[random.Next(nodes.Count)];
        var (occurrence, pause) = (1 + random.Next(10), random.Next(50));
        var killed = point.PlanAsync(node, occurrence, tokenTree);
        try
        {
            await killed.WaitAsync(MessageTimeout);
        }
        catch (TimeoutException)
        {
            if (point.TryCancel(node))
                await node.KillAsync();
            else
                await killed;
        }
        var answered = Answered;
        if (nodes.Exists(other => other.IsUp))
        {
            await RealServers.WaitUntilAsync(
                () => Task.FromResult(Answered > answered + pause ? true : throw new TimeoutException()), "answers of other nodes");
            await CheckListedAsync(nodes.Find(other => other.IsUp)!);
        }
        await node.StartAsync();
    }
}
