using System.Diagnostics;
using Npgsql;

namespace Porthor.Testing;

/// <summary>Runs a PostgreSQL server. PostgreSQL refuses to run as root; then it runs as Debian's user <c>postgres</c>.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    public const string User = "porthor";
    private readonly Func<Process> launch;
    private Process process;
    private int databases;

    private PostgresServer(Func<Process> launch, string folder, int port)
    {
        this.launch = launch;
        process = launch();
        Folder = folder;
        Port = port;
    }

    /// <summary>The folder with its Unix socket. The data is in <c>data</c>.</summary>
    public string Folder { get; }

    public int Port { get; }

    /// <param name="folder">The folder for its data. If the folder is empty, a new cluster is initialized.</param>
    /// <param name="settings">Additional settings, as <c>name=value</c>.</param>
    public static async Task<PostgresServer> StartAsync(string folder, params IEnumerable<string> settings)
    {
        Prerequisites.SkipIfFast("PostgreSQL");
        var bin = Prerequisites.PostgresBin ?? throw new InvalidOperationException("PostgreSQL is not installed.");
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(Path.GetDirectoryName(folder)!, (UnixFileMode)0b111_101_101);
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
        var data = Path.Combine(folder, "data");
        var port = RealServers.FreePort();
        if (!Directory.Exists(data))
        {
            using var initdb = Start(
                [Path.Combine(bin, "initdb"), "-D", data, "-A", "trust", "-U", User, "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"]);
            await initdb.WaitForExitAsync();
            if (initdb.ExitCode != 0)
                throw new InvalidOperationException("initdb failed.");
        }
        // With hundreds of databases, the default autovacuum_naptime would start a worker several times per second.
        // The server's time zone is far from UTC, so that a time that depends on it is visibly wrong. fsync is off: these tests do not
        // crash the machine.
        Process Launch() => Start([
            Path.Combine(bin, "postgres"), "-D", data, "-p", $"{port}", "-c", "listen_addresses=127.0.0.1", "-c",
            $"unix_socket_directories={folder}",
            "-c", RealServers.Durable ? "fsync=on" : "fsync=off", "-c", "max_connections=300", "-c", "autovacuum_naptime=600",
            "-c", "timezone=Pacific/Auckland", "-c",
            "log_min_messages=fatal", "-c", "track_commit_timestamp=on",
            .. settings.SelectMany(setting => (string[])["-c", setting])]);
        var server = new PostgresServer(Launch, folder, port);
        await server.WaitUntilUpAsync();
        return server;
    }

    /// <summary>Starts a streaming replica of this server. It is a hot standby until it is promoted.</summary>
    public async Task<PostgresServer> StartReplicaAsync(string folder, string applicationName, params IEnumerable<string> settings)
    {
        var bin = Prerequisites.PostgresBin!;
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
        using (var copy = Start([
            Path.Combine(bin, "pg_basebackup"), "-D", Path.Combine(folder, "data"), "-R", "-X", "stream", "-c", "fast", "--no-sync",
            "-d", $"host=127.0.0.1 port={Port} user={User} application_name={applicationName}"]))
        {
            await copy.WaitForExitAsync();
            if (copy.ExitCode != 0)
                throw new InvalidOperationException($"pg_basebackup failed: {await copy.StandardError.ReadToEndAsync()}");
        }
        return await StartAsync(folder, settings);
    }

    /// <summary>Kills the server, as in a crash.</summary>
    public async Task KillAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
    }

    /// <summary>Starts the server again on the same port with the same data.</summary>
    public async Task RestartAsync()
    {
        process.Dispose();
        File.Delete(Path.Combine(Folder, "data", "postmaster.pid"));
        process = launch();
        await WaitUntilUpAsync();
    }

    /// <summary>Promotes a standby to primary.</summary>
    public Task PromoteAsync() => ExecuteAsync("postgres", "SELECT pg_promote(wait => true, wait_seconds => 30)");

    private Task WaitUntilUpAsync() => RealServers.WaitUntilAsync(() => ExecuteAsync("postgres", "SELECT 1"), "PostgreSQL");

    /// <summary>Creates an empty database and returns its name.</summary>
    /// <param name="name">The name; an existing database of this name is dropped. Null for a new name.</param>
    public async Task<string> CreateDatabaseAsync(string? name = null)
    {
        if (name is not null)
            await ExecuteAsync("postgres", $"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        name ??= $"test{Interlocked.Increment(ref databases)}";
        await ExecuteAsync("postgres", $"CREATE DATABASE {name}");
        return name;
    }

    public async Task ExecuteAsync(string database, string script)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(script, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Returns the rows of a query, with all values as text.</summary>
    public async Task<List<string?[]>> QueryAsync(string database, string query)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(query, connection) { AllResultTypesAreUnknown = true };
        await using var reader = await command.ExecuteReaderAsync();
        List<string?[]> rows = [];
        while (await reader.ReadAsync())
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetString(i))]);
        return rows;
    }

    public string ConnectionString(string database) => $"Host=127.0.0.1;Port={Port};Username={User};Database={database}";

    public string Url(string database) => $"postgresql://{User}@127.0.0.1:{Port}/{database}";

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static Process Start(string[] command)
    {
        string[] arguments = Environment.UserName == "root"
            ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", .. command] : command;
        return Process.Start(new ProcessStartInfo(
            arguments[0], arguments[1..])
        { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
    }
}
