using Porthor.Redis;

namespace Porthor.Testing;

/// <summary>A Redis Cluster of three primaries with one replica each.</summary>
public sealed class RedisClusterSite : IAsyncDisposable
{
    private const int Slots = 16384;
    private const int Primaries = 3;

    private RedisClusterSite(RedisServerProcess[] nodes) => Nodes = nodes;

    /// <summary>The nodes. The first three are the primaries after the start; the others are their replicas in the same order.</summary>
    public IReadOnlyList<RedisServerProcess> Nodes { get; }

    public static async Task<RedisClusterSite> StartAsync()
    {
        var nodes = await Task.WhenAll(Enumerable.Range(0, 2 * Primaries).Select(_ => RedisServerProcess.StartOwnAsync(
            "--cluster-enabled", "yes", "--cluster-config-file", "{folder}/nodes.conf", "--cluster-node-timeout", "1000", "--cluster-port",
            "{tls-port}")));
        foreach (var (index, node) in nodes.Index())
            await node.SendAsync("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
        foreach (var node in nodes[1..])
            await nodes[0].SendAsync("CLUSTER", "MEET", "127.0.0.1", node.Port, node.TlsPort);
        for (var index = 0; index < Primaries; index++)
            await nodes[index].SendAsync("CLUSTER", "ADDSLOTSRANGE", index * Slots / Primaries, ((index + 1) * Slots / Primaries) - 1);
        for (var index = 0; index < Primaries; index++)
        {
            var primary = await nodes[index].SendAsync("CLUSTER", "MYID");
            var replica = nodes[Primaries + index];
            await RealServers.WaitUntilAsync(() => replica.SendAsync("CLUSTER", "REPLICATE", primary), "the replica to find its primary");
        }
        var site = new RedisClusterSite(nodes);
        foreach (var node in nodes)
            await WaitUntilCompleteAsync(node);
        for (var index = 0; index < Primaries; index++)
            await nodes[Primaries + index].WaitForReplicationAsync(nodes[index]);
        return site;
    }

    public RedisOptions Options(RedisOptions options) => options with
    {
        Database = 0,
        ClusterHosts = [.. Nodes.Take(Primaries).Select(node => new RedisHost("127.0.0.1", node.Port))],
    };

    /// <summary>Returns the node that serves a key.</summary>
    public async Task<RedisServerProcess> OwnerOfAsync(string key)
    {
        foreach (var node in Nodes)
        {
            var role = await node.SendAsync("INFO", "replication");
            if (role.Contains("role:master", StringComparison.Ordinal) && await HasAsync(node, key))
                return node;
        }
        throw new InvalidOperationException("No node serves the key's slot.");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
            await node.DisposeAsync();
    }

    private static async Task<bool> HasAsync(RedisServerProcess node, string key)
    {
        try
        {
            await node.SendAsync("EXISTS", key);
            return true;
        }
        catch (StackExchange.Redis.RedisException)
        {
            return false;
        }
    }

    private static Task WaitUntilCompleteAsync(RedisServerProcess node) => RealServers.WaitUntilAsync(
        async () =>
        {
            var (info, output) = (await node.SendAsync("CLUSTER", "INFO"), await node.SendAsync("CLUSTER", "NODES"));
            if (
                !info.Contains("cluster_state:ok", StringComparison.Ordinal)
                    || output.Split('\n').Count(line => line.Contains(" slave ", StringComparison.Ordinal) || line.Contains(
                        "myself,slave", StringComparison.Ordinal)) != Primaries)
                throw new TimeoutException(output);
        },
        "the cluster");
}
