using Porthor.Redis;
using Porthor.Secrets;

namespace Porthor.Testing;

/// <summary>A Redis primary, two replicas, and three Sentinel servers that monitor them.</summary>
public sealed class RedisSentinelSite : IAsyncDisposable
{
    private const string Service = "main";
    private const string Password = "data-password";
    private const string SentinelPassword = "sentinel-password";

    private RedisSentinelSite(RedisServerProcess[] servers, RedisServerProcess[] sentinels) => (Servers, Sentinels) = (servers, sentinels);

    /// <summary>The servers. The first is the primary after the start.</summary>
    public IReadOnlyList<RedisServerProcess> Servers { get; }

    public IReadOnlyList<RedisServerProcess> Sentinels { get; }

    public static async Task<RedisSentinelSite> StartAsync()
    {
        var servers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => RedisServerProcess.StartWithPasswordAsync(Password)));
        foreach (var replica in servers[1..])
            await replica.ReplicateFromAsync(servers[0]);
        foreach (var replica in servers[1..])
            await replica.WaitForReplicationAsync(servers[0]);
        var sentinels = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => RedisServerProcess.StartSentinelAsync(SentinelPassword,
            $"""
            sentinel monitor {Service} 127.0.0.1 {servers[0].Port} 2
            sentinel auth-pass {Service} {Password}
            sentinel down-after-milliseconds {Service} 1000
            sentinel failover-timeout {Service} 6000
            requirepass {SentinelPassword}
            sentinel sentinel-pass {SentinelPassword}
            """)));
        var site = new RedisSentinelSite(servers, sentinels);
        // Waits until each Sentinel has discovered the other Sentinels and both replicas.
        foreach (var sentinel in sentinels)
        {
            await RealServers.WaitUntilAsync(
                async () =>
                {
                    var output = await sentinel.SendAsync("INFO", "sentinel");
                    if (!output.Contains("slaves=2,sentinels=3", StringComparison.Ordinal))
                        throw new TimeoutException(output);
                },
                "Sentinel");
        }
        return site;
    }

    public RedisOptions Options(RedisOptions options) => options with
    {
        Password = new Secret(Password),
        Sentinel = new RedisSentinelOptions
        {
            Hosts = [.. Sentinels.Select(sentinel => new RedisHost("127.0.0.1", sentinel.Port))],
            Service = Service,
            Password = new Secret(SentinelPassword),
        },
    };

    public async ValueTask DisposeAsync()
    {
        foreach (var server in Sentinels.Concat(Servers))
            await server.DisposeAsync();
    }
}
