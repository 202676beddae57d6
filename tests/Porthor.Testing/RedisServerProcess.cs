using System.Diagnostics;
using StackExchange.Redis;

namespace Porthor.Testing;

/// <summary>Runs a Redis server.</summary>
public sealed partial class RedisServerProcess : IAsyncDisposable
{
    private readonly string[] arguments;
    private readonly string? password;
    private Process process;
    private int databases = -1;

    private RedisServerProcess(string folder, int port, string[] arguments, string? password)
    {
        this.arguments = arguments;
        this.password = password;
        Folder = folder;
        Port = port;
        process = Launch(arguments);
    }

    public int Port { get; }

    /// <summary>The folder where the server saves its data.</summary>
    public string Folder { get; }

    /// <summary>The settings file of a server that was started with one.</summary>
    public string SettingsFile => Path.Combine(Folder, "redis.conf");

    /// <summary>The TLS port, if the arguments configure one.</summary>
    public int TlsPort { get; private init; }

    private static long OffsetIn(string info, string name) =>
        long.Parse(
            info.Split('\n').First(line => line.StartsWith(name + ":", StringComparison.Ordinal)).Split(':')[1].Trim(),
            System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Returns the number of a database that no other test uses.</summary>
    public int NextDatabase() => Interlocked.Increment(ref databases);

    /// <summary>Kills the server, as in a crash. Unsaved data is lost.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Suspends the server, which simulates a machine that swaps or a network that drops packets.</summary>
    public void Pause() => Signal("STOP");

    public void Resume() => Signal("CONT");

    /// <summary>Starts the server again on the same port with the saved data.</summary>
    public async Task RestartAsync()
    {
        process.Dispose();
        process = Launch(arguments);
        await WaitUntilUpAsync();
    }

    /// <summary>Kills the server and starts it on the same port without data.</summary>
    public async Task RestartEmptyAsync()
    {
        await KillAsync();
        Directory.Delete(Path.Combine(Folder, "appendonlydir"), recursive: true);
        await RestartAsync();
    }

    /// <summary>Uses the process that other code started in the background, instead of the previous one.</summary>
    public void AttachToProcess()
    {
        process.Dispose();
        process = Process.GetProcessById(int.Parse(File.ReadAllText(Path.Combine(Folder, "redis.pid"))));
    }

    /// <summary>
    /// Connects to this server alone. The driver does not get <c>CLUSTER</c>, because it would connect to the other nodes.
    /// </summary>
    public async Task<ConnectionMultiplexer> ConnectAsync() =>
        await ConnectionMultiplexer.ConnectAsync(
            $"127.0.0.1:{Port},allowAdmin=true,connectTimeout=500,connectRetry=1,"
                + $"$ECHO=,$CLUSTER=,$LATENCY=CLUSTER{(password is null ? "" : $",password={password}")}");

    /// <summary>Sends a command and returns its reply as text.</summary>
    public async Task<string> SendAsync(string command, params object[] arguments)
    {
        await using var connection = await ConnectAsync();
        return (await connection.GetServer("127.0.0.1", Port).ExecuteAsync(
            command == "CLUSTER" ? "LATENCY" : command, arguments, CommandFlags.NoRedirect)).ToString()
            ?? "";
    }

    /// <summary>Makes the server a replica of another server.</summary>
    public Task ReplicateFromAsync(RedisServerProcess primary) => SendAsync("REPLICAOF", "127.0.0.1", primary.Port);

    /// <summary>Makes the server a primary.</summary>
    public Task PromoteAsync() => SendAsync("REPLICAOF", "NO", "ONE");

    /// <summary>Waits until the replica has received all data that its primary had at the time of the call.</summary>
    public Task WaitForReplicationAsync(RedisServerProcess primary) => RealServers.WaitUntilAsync(
        async () =>
        {
            var (info, primaryInfo) = (await SendAsync("INFO", "replication"), await primary.SendAsync("INFO", "replication"));
            if (
                !info.Contains("master_link_status:up", StringComparison.Ordinal)
                    || OffsetIn(info, "slave_repl_offset") < OffsetIn(primaryInfo, "master_repl_offset"))
                throw new TimeoutException("The replica did not catch up with its primary.");
        },
        "the replica");

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static Process Launch(string[] arguments)
    {
        Prerequisites.SkipIfFast("Redis");
        return Process.Start(new ProcessStartInfo(Prerequisites.RedisServer!, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    private Task WaitUntilUpAsync() => RealServers.WaitUntilAsync(
        async () =>
        {
            await using var connection = await ConnectAsync();
            await connection.GetServer("127.0.0.1", Port).PingAsync();
        },
        "Redis");
}
