using System.Globalization;
using Npgsql;

namespace Porthor.Sql.Postgres;

/// <summary>Represents one host of <c>databaseUrl</c> with its connection pool.</summary>
internal sealed class PostgresHost : IAsyncDisposable
{
    private readonly NpgsqlDataSource probes;

    private PostgresHost(NpgsqlConnectionStringBuilder settings, bool isOnly, Func<PostgresHost, NpgsqlConnection, Task> initialize)
    {
        Name = settings.Host!.StartsWith('/')
            ? settings.Host
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{(settings.Host.Contains(':', StringComparison.Ordinal) ? $"[{settings.Host}]" : settings.Host)}:{settings.Port}");
        // The driver's metrics use this name for the pool.
        Connections = Build(settings, isOnly ? "token list" : $"token list {Name}", initialize);
        probes = Build(
            new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false }, $"token list {Name} search", initialize);
    }

    /// <summary>Returns the host and the port, or the folder of the Unix socket.</summary>
    public string Name { get; }

    public NpgsqlDataSource Connections { get; }

    /// <summary>The timeline of the server at the last connection; zero if it is not known.</summary>
    public long Timeline { get; set; }

    /// <summary>Creates the hosts of a connection string.</summary>
    /// <param name="settings">The connection settings, with one or several hosts.</param>
    /// <param name="initialize">Called for each established connection. If it throws, the connection is not used.</param>
    public static IEnumerable<PostgresHost> Of(
        NpgsqlConnectionStringBuilder settings, Func<PostgresHost, NpgsqlConnection, Task> initialize)
    {
        var names = settings.Host!.Split(',');
        foreach (var name in names)
        {
            var one = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Host = name };
            // With several hosts the driver's form is HOST:PORT, and an IPv6 address is in brackets.
            if (names.Length > 1 && !name.StartsWith('/'))
            {
                var colon = name.LastIndexOf(':');
                (one.Host, one.Port) = (name[..colon].Trim('[', ']'), int.Parse(name[(colon + 1)..], CultureInfo.InvariantCulture));
            }
            yield return new PostgresHost(one, names.Length == 1, initialize);
        }
    }

    /// <summary>Opens a connection to check whether this host is the primary. Returns null if it is, and otherwise the error.</summary>
    public async Task<Exception?> ProbeAsync()
    {
        try
        {
            await using var connection = await probes.OpenConnectionAsync();
            return null;
        }
        catch (Exception e) when (PostgresErrors.IsDriverError(e))
        {
            return e;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Connections.DisposeAsync();
        await probes.DisposeAsync();
    }

    private NpgsqlDataSource Build(
        NpgsqlConnectionStringBuilder settings, string name, Func<PostgresHost, NpgsqlConnection, Task> initialize) =>
        new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = name }
            .UsePhysicalConnectionInitializer(
                _ => throw new NotSupportedException("Connections are opened asynchronously."), connection => initialize(this, connection))
            .Build();
}

/// <summary>Represents the role and the timeline that a server reports.</summary>
/// <param name="ProcessId">The process ID of the connection in the server.</param>
/// <param name="IsStandby">True if the server is in recovery.</param>
/// <param name="Timeline">The timeline, which increases with each promotion of a standby; zero if the server does not report it.</param>
internal readonly record struct ServerRole(int ProcessId, bool IsStandby, long Timeline)
{
    private const string Query = "SELECT pg_backend_pid(), pg_is_in_recovery()";

    /// <summary>Reads the timeline from the first eight digits of the name of a WAL file. A standby has no current WAL file.</summary>
    private const string TimelineQuery = "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";

    public static async Task<ServerRole> ReadAsync(NpgsqlConnection connection, bool withTimeline)
    {
        var role = await ReadAsync(connection);
        return withTimeline && !role.IsStandby ? role with { Timeline = await ReadTimelineAsync(connection) } : role;
    }

    private static async Task<ServerRole> ReadAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(Query, connection);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new ServerRole(reader.GetInt32(0), reader.GetBoolean(1), Timeline: 0);
    }

    private static async Task<long> ReadTimelineAsync(NpgsqlConnection connection)
    {
        try
        {
            await using var command = new NpgsqlCommand(TimelineQuery, connection);
            return long.Parse((string)(await command.ExecuteScalarAsync())!, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }
        catch (PostgresException)
        {
            // Some services that use PostgreSQL's protocol do not have this function. They route connections to the primary themselves.
            return 0;
        }
    }
}
