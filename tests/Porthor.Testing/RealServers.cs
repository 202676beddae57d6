using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Porthor.Testing;

/// <summary>
/// The servers of a test run: one PostgreSQL, one Redis and one slapd. Each is started at its first use, in its own folder and on a free
/// port, and stopped when the run ends.
/// </summary>
public sealed class RealServers : IAsyncDisposable
{
    private static readonly Lazy<RealServers> Shared = new(() => new RealServers());
    private static readonly ConcurrentDictionary<int, bool> AssignedPorts = new();

    private readonly string folder = Directory.CreateTempSubdirectory("porthor-tests-").FullName;
    private readonly Lazy<Task<PostgresServer>> postgres;
    private readonly Lazy<Task<RedisServerProcess>> redis;
    private readonly Lazy<Task<LdapServerProcess>> ldap;
    private bool disposed;

    private RealServers()
    {
        postgres = new(() => PostgresServer.StartAsync(Path.Combine(folder, "postgres")));
        redis = new(() => RedisServerProcess.StartAsync(Path.Combine(folder, "redis")));
        ldap = new(() => LdapServerProcess.StartAsync(Path.Combine(folder, "ldap")));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(10));
    }

    /// <summary>
    /// True to make PostgreSQL write to the disk before it confirms a commit. Must be set before the first use. Measurements set it; tests
    /// do not, because they do not crash the machine.
    /// </summary>
    public static bool Durable { get; set; }

    /// <summary>The servers of this process.</summary>
    public static RealServers Instance => Shared.Value;

    public Task<PostgresServer> PostgresAsync() => postgres.Value;

    public Task<RedisServerProcess> RedisAsync() => redis.Value;

    public Task<LdapServerProcess> LdapAsync() => ldap.Value;

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true))
            return;
        // A server that did not start, or whose test was skipped, need not be stopped.
        if (postgres is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await postgres.Value).DisposeAsync();
        if (redis is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await redis.Value).DisposeAsync();
        if (ldap is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await ldap.Value).DisposeAsync();
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    /// <summary>
    /// Returns a free port for a server that needs a fixed port. The port is outside the ephemeral range, so that the system does not
    /// assign it to another process before the server binds it.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(12_000, 32_000);
            if (!AssignedPorts.TryAdd(port, value: true))
                continue;
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // The port is in use.
            }
        }
    }

    /// <summary>Repeats an attempt until it succeeds, for at most 30 seconds.</summary>
    public static async Task WaitUntilAsync(Func<Task> attempt, string what)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception e) when (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(30))
            {
                _ = e;
                await Task.Delay(20);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{what} did not become ready within 30 seconds.", e);
            }
        }
    }
}
