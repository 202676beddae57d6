using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using StackExchange.Redis;

namespace Porthor.Testing;

/// <summary>
/// The servers of a test run: one PostgreSQL, one Redis and one slapd, started when they are first needed, in a folder of their own and
/// on free ports, and gone when the run ends.
/// </summary>
public sealed class RealServers : IAsyncDisposable
{
    private static readonly Lazy<RealServers> Shared = new(() => new RealServers());
    private static readonly ConcurrentDictionary<int, bool> GivenPorts = new();

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
    /// Set before the first use: PostgreSQL writes to the disk before it says that it has. Tests do without, because they do
    /// not switch the machine off; measurements do not.
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
        if (postgres.IsValueCreated)
            await (await postgres.Value).DisposeAsync();
        if (redis.IsValueCreated)
            await (await redis.Value).DisposeAsync();
        if (ldap.IsValueCreated)
            await (await ldap.Value).DisposeAsync();
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    /// <summary>
    /// A port for a server that has to be told one. Not from the range out of which the system gives ports to those who ask for any: one of
    /// them could get it before the server does.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(12_000, 32_000);
            if (!GivenPorts.TryAdd(port, value: true))
                continue;
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }

    /// <summary>Tries until it works; servers take a moment to start.</summary>
    public static async Task UntilAsync(Func<Task> attempt, string what)
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
                throw new InvalidOperationException($"{what} did not come up.", e);
            }
        }
    }
}

/// <summary>A Redis server of our own.</summary>
public sealed class RedisServerProcess : IAsyncDisposable
{
    private readonly string[] arguments;
    private Process process;
    private int databases = -1;

    private RedisServerProcess(string folder, int port, string[] arguments)
    {
        this.arguments = arguments;
        Folder = folder;
        Port = port;
        process = Launch(arguments);
    }

    public int Port { get; }

    /// <summary>Where it saves.</summary>
    public string Folder { get; }

    /// <summary>The settings of one that was started with a file of them.</summary>
    public string SettingsFile => Path.Combine(Folder, "redis.conf");

    public static Task<RedisServerProcess> StartAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        var port = RealServers.FreePort();
        return StartAsync(
            folder, port, ["--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--databases", "2000", "--loglevel", "warning"]);
    }

    /// <summary>A server of a test's own, to be broken.</summary>
    public static Task<RedisServerProcess> StartOwnAsync() => StartAsync(NewFolder());

    /// <summary>A server of a test's own, set up as operators do: by a file, and with an append-only file.</summary>
    public static async Task<RedisServerProcess> StartConfiguredAsync()
    {
        var (folder, port) = (NewFolder(), RealServers.FreePort());
        var settings = Path.Combine(folder, "redis.conf");
        // Without the delay, in which Redis waits for others who want a copy too, this is what operators have.
        await File.WriteAllTextAsync(
            settings,
            $"""
            port {port}
            bind 127.0.0.1
            dir {folder}
            pidfile {folder}/redis.pid
            save ""
            appendonly yes
            repl-diskless-sync-delay 0
            loglevel warning

            """);
        return await StartAsync(folder, port, [settings]);
    }

    private static async Task<RedisServerProcess> StartAsync(string folder, int port, string[] arguments)
    {
        var server = new RedisServerProcess(folder, port, arguments);
        await server.UntilUpAsync();
        return server;
    }

    private static string NewFolder() => Directory.CreateTempSubdirectory("porthor-redis-").FullName;

    /// <summary>The number of a database that nobody else uses.</summary>
    public int NextDatabase() => Interlocked.Increment(ref databases);

    /// <summary>Ends it at once, as a crash would. What was not saved is lost.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Makes it stand still, as a machine that swaps or a network that swallows would.</summary>
    public void Pause() => Signal("STOP");

    public void Resume() => Signal("CONT");

    /// <summary>Starts it again on the same port, with what was saved.</summary>
    public async Task RestartAsync()
    {
        process.Dispose();
        process = Launch(arguments);
        await UntilUpAsync();
    }

    /// <summary>Kills it, and starts it on the same port with nothing in it.</summary>
    public async Task LoseAsync()
    {
        await KillAsync();
        Directory.Delete(Path.Combine(Folder, "appendonlydir"), recursive: true);
        await RestartAsync();
    }

    /// <summary>Somebody else has started it again, in the background.</summary>
    public void Adopt()
    {
        process.Dispose();
        process = Process.GetProcessById(int.Parse(File.ReadAllText(Path.Combine(Folder, "redis.pid"))));
    }

    public async Task<ConnectionMultiplexer> ConnectAsync() =>
        await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{Port},allowAdmin=true,connectTimeout=500,connectRetry=1");

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static Process Launch(string[] arguments) => Process.Start(new ProcessStartInfo(Prerequisites.RedisServer!, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    private Task UntilUpAsync() => RealServers.UntilAsync(
        async () =>
        {
            await using var connection = await ConnectAsync();
            await connection.GetDatabase().PingAsync();
        },
        "Redis");
}
