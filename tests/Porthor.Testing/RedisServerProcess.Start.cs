namespace Porthor.Testing;

public sealed partial class RedisServerProcess
{
    /// <param name="more">Additional arguments. <c>{folder}</c> stands for the server's folder and <c>{tls-port}</c> for its second
    /// port.</param>
    public static Task<RedisServerProcess> StartAsync(string folder, params string[] more) => StartAsync(folder, password: null, more);

    /// <summary>Starts a server for one test, which can make it fail.</summary>
    public static Task<RedisServerProcess> StartOwnAsync(params string[] more) => StartAsync(NewFolder(), more);

    /// <summary>Starts a server for one test whose default user has a password.</summary>
    public static Task<RedisServerProcess> StartWithPasswordAsync(string password, params string[] more) =>
        StartAsync(NewFolder(), password, ["--requirepass", password, "--masterauth", password, .. more]);

    private static Task<RedisServerProcess> StartAsync(string folder, string? password, string[] more)
    {
        Directory.CreateDirectory(folder);
        var (port, tlsPort) = (RealServers.FreePort(), RealServers.FreePort());
        string[] extraArguments = [.. more.Select(
            text => text.Replace("{folder}", folder, StringComparison.Ordinal).Replace(
                "{tls-port}", $"{tlsPort}", StringComparison.Ordinal))];
        // A Redis Cluster supports only one database.
        string[] databases = extraArguments.Contains("--cluster-enabled") ? [] : ["--databases", "2000"];
        return StartAsync(
            folder, port, ["--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder, "--save", "", .. databases,
                "--repl-diskless-sync-delay", "0", "--loglevel", "warning", .. extraArguments], tlsPort, password);
    }

    /// <summary>Starts a server for one test with a settings file and an append-only file, as operators do.</summary>
    public static async Task<RedisServerProcess> StartConfiguredAsync()
    {
        var (folder, port) = (NewFolder(), RealServers.FreePort());
        var settings = Path.Combine(folder, "redis.conf");
        // The settings of operators, except for the delay in which Redis waits for more replicas.
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

    /// <summary>Starts a Sentinel server. It writes discovered servers into its settings file.</summary>
    public static async Task<RedisServerProcess> StartSentinelAsync(string password, string settings)
    {
        var (folder, port) = (NewFolder(), RealServers.FreePort());
        var file = Path.Combine(folder, "redis.conf");
        await File.WriteAllTextAsync(file, $"port {port}\nbind 127.0.0.1\ndir {folder}\n{settings}\n");
        return await StartAsync(folder, port, [file, "--sentinel"], tlsPort: 0, password);
    }

    private static async Task<RedisServerProcess> StartAsync(
        string folder, int port, string[] arguments, int tlsPort = 0, string? password = null)
    {
        var server = new RedisServerProcess(folder, port, arguments, password) { TlsPort = tlsPort };
        await server.WaitUntilUpAsync();
        return server;
    }

    private static string NewFolder() => Directory.CreateTempSubdirectory("porthor-redis-").FullName;
}
