using System.Diagnostics;
using Npgsql;

namespace Porthor.Testing;

/// <summary>Runs PgBouncer in transaction mode in front of a PostgreSQL server of the tests.</summary>
public sealed class PgBouncerProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly string folder;

    private PgBouncerProcess(Process process, string folder, int port)
    {
        (this.process, this.folder) = (process, folder);
        Port = port;
    }

    public int Port { get; }

    /// <param name="poolSize">The number of server connections. Smaller than the number of clients, so that clients share
    /// connections.</param>
    public static async Task<PgBouncerProcess> StartAsync(PostgresServer server, int poolSize = 3)
    {
        var folder = Directory.CreateTempSubdirectory("porthor-pgbouncer-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
        var port = RealServers.FreePort();
        var settings = Path.Combine(folder, "pgbouncer.ini");
        await File.WriteAllTextAsync(settings, Settings(server, port, poolSize));

        string[] command = [Prerequisites.PgBouncer!, settings];
        if (Environment.UserName == "root")
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", .. command];
        var process = Process.Start(
            new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = "/", RedirectStandardError = true })!;
        process.BeginErrorReadLine();
        var bouncer = new PgBouncerProcess(process, folder, port);
        await RealServers.WaitUntilAsync(
            async () =>
            {
                await using var connection = new NpgsqlConnection(bouncer.ConnectionString("postgres") + ";Pooling=false");
                await connection.OpenAsync();
            },
            "PgBouncer");
        return bouncer;
    }

    /// <summary>Changes the configuration to another server and reloads it, as a failover tool does.</summary>
    public async Task SwitchToAsync(PostgresServer server, int poolSize = 3)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "pgbouncer.ini"), Settings(server, Port, poolSize));
        using var kill = Process.Start("kill", ["-HUP", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }

    public string ConnectionString(string database) => $"Host=127.0.0.1;Port={Port};Username={PostgresServer.User};Database={database}";

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static string Settings(PostgresServer server, int port, int poolSize) =>
        $"""
        [databases]
        * = host=127.0.0.1 port={server.Port} user={PostgresServer.User}
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = any
        pool_mode = transaction
        default_pool_size = {poolSize}
        max_client_conn = 500
        server_round_robin = 1

        """;
}
