using System.Net;
using Microsoft.Extensions.Logging;
using Porthor.Concurrency;
using Porthor.Storage;
using Porthor.Telemetry;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>
/// Represents the primaries of a Redis Cluster. This class reads the topology instead of the driver: when a replica takes over slots, no
/// record may be read from this replica before the revocations are in effect on it.
/// </summary>
internal sealed partial class RedisCluster : RedisStore
{
    private readonly ILogger logger;
    private readonly Action? onDataUncertain;
    private readonly DiscoveryConnection[] seeds;
    private readonly CancellationTokenSource stopping = new();
    private readonly SharedOperation<ClusterMap?> refresh;
    private readonly Task work;
    private volatile Topology topology = new(
        new ClusterMap(-1, new Dictionary<EndPoint, IReadOnlyList<(int First, int Last)>>()), [], new RedisServer?[ClusterMap.Slots]);
    private string problem = "";
    private volatile string? shownProblem;
    private int next;

    public RedisCluster(RedisOptions options, string name, StoreMetrics metrics, ILogger logger, Action? onDataUncertain)
        : base(options, name, metrics)
    {
        this.logger = logger;
        this.onDataUncertain = onDataUncertain;
        seeds =
        [
            .. options.ClusterHosts.Select(host => host.ToEndPoint())
                .Select(host => new DiscoveryConnection(host, options.ToConfiguration(host))),
        ];
        refresh = new(() => Task.Run(RefreshNowAsync), freshness: TimeSpan.Zero, TimeProvider.System);
        // If the cluster is available, it is connected when the constructor returns, as with a single server.
        Task.WaitAny([RefreshAsync()], options.CallTimeout);
        work = Task.Run(RunAsync);
    }

    internal override bool IsSharded => true;

    internal override IReadOnlyList<RedisServer> Servers =>
        topology.Servers is { Count: > 0 } servers ? servers : throw NoServer("finding the nodes of the cluster");

    internal override RedisServer ServerFor(in RedisKey key) =>
        topology.Slots[ClusterMap.SlotOf(key)] ?? throw NoServer("finding the node that has the key");

    internal override async Task<bool> RedirectAsync(Exception error, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        if (error is not RedisServerException { Kind: RedisErrorKind.Moved or RedisErrorKind.Ask or RedisErrorKind.TryAgain }
            || timeLimit <= TimeSpan.Zero)
            return false;
        try
        {
            // While a slot is being moved, its keys are on two nodes. The move takes a short time.
            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
            await RefreshAsync().WaitAsync(timeLimit, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await work;
        await refresh.WhenIdleAsync();
        foreach (var server in topology.Servers)
            await server.DisposeAsync();
        foreach (var seed in seeds)
            await seed.DisposeAsync();
        stopping.Dispose();
    }

    private StoreUnavailableException NoServer(string what) => new(Name, shownProblem is { } reason ? $"{what}: {reason}" : what);

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await RefreshAsync();
                await Task.Delay(Heartbeat.PauseOf(CallTimeout), stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The cluster was disposed of.
        }
    }

    /// <summary>Queries the topology. Concurrent callers share one query. Does not throw.</summary>
    private Task RefreshAsync() => refresh.GetAsync();

    /// <summary>Returns the topology that is used from now on; null if no node reported one.</summary>
    private async Task<ClusterMap?> RefreshNowAsync()
    {
        List<string> problems = [];
        ClusterMap? older = null;
        foreach (var (address, query) in Reporters())
        {
            try
            {
                var report = (string?)await query().WaitAsync(CallTimeout / 2, stopping.Token) ?? "";
                var map = ClusterMap.Parse(report, address, byName: Options.Tls is { CheckCertificate: true, CheckHostName: true });
                // A node that was isolated reports an old topology.
                if (map.Epoch < topology.Map.Epoch)
                {
                    older = older is null || map.Epoch > older.Epoch ? map : older;
                    continue;
                }
                await UseAsync(map);
                return map;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                shownProblem = FailureReason.Of(e);
                problems.Add($"{address}: {shownProblem ?? "not responding"}");
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
        // If all nodes report a lower epoch, the cluster was deleted and created again.
        if (older is not null && problems.Count == 0)
        {
            await UseAsync(older);
            return older;
        }
        var all = string.Join("; ", problems);
        if (all.Length > 0 && all != problem)
            Log.NoReport(logger, Name, all);
        problem = all;
        return null;
    }

    /// <summary>Returns the nodes to query, beginning with a different one each time.</summary>
    private IEnumerable<(EndPoint Address, Func<Task<RedisResult>> Query)> Reporters()
    {
        List<(EndPoint, Func<Task<RedisResult>>)> all =
            [.. seeds.Select(seed => (seed.EndPoint, (Func<Task<RedisResult>>)(() => seed.QueryAsync(ServerCommands.Cluster, "NODES"))))];
        all.AddRange(topology.Servers.Select(server =>
            (server.EndPoint, (Func<Task<RedisResult>>)(() => server.Database.ExecuteAsync(ServerCommands.Cluster, "NODES")))));
        var first = Interlocked.Increment(ref next);
        return Enumerable.Range(0, all.Count).Select(index => all[(int)((uint)(first + index) % (uint)all.Count)]);
    }

    /// <summary>Replaces the topology, and connects to the new primaries.</summary>
    private async Task UseAsync(ClusterMap map)
    {
        (problem, shownProblem) = ("", null);
        var before = topology;
        var known = before.Servers.ToDictionary(server => server.EndPoint);
        var servers = map.Owners.Keys.ToDictionary(
            address => address,
            address => known.GetValueOrDefault(address) ?? new RedisServer(Options, address, Name, Metrics, logger, onDataUncertain));
        var slots = new RedisServer?[ClusterMap.Slots];
        foreach (var (address, ranges) in map.Owners)
        {
            foreach (var (first, last) in ranges)
                slots.AsSpan(first..(last + 1)).Fill(servers[address]);
        }
        var retired = before.Servers.Where(server => !servers.ContainsKey(server.EndPoint)).ToArray();
        // Must be called before the new topology is used, so that reads in progress are repeated (RevocationReplay).
        if (retired.Length > 0 || servers.Count != known.Count)
        {
            Log.Topology(logger, Name, string.Join(", ", servers.Keys));
            onDataUncertain?.Invoke();
        }
        topology = new Topology(map, [.. servers.Values], slots);
        foreach (var server in retired)
            await server.DisposeAsync();
    }

    private sealed record Topology(ClusterMap Map, IReadOnlyList<RedisServer> Servers, RedisServer?[] Slots);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Server} has the primaries {Nodes}")]
        public static partial void Topology(ILogger logger, string server, string nodes);

        [LoggerMessage(Level = LogLevel.Warning, Message = "No node reports the topology of {Server}: {Problem}")]
        public static partial void NoReport(ILogger logger, string server, string problem);
    }
}
