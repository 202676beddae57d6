using Microsoft.Extensions.Logging;
using Npgsql;
using Porthor.Concurrency;

namespace Porthor.Sql.Postgres;

/// <summary>
/// Opens connections to the primary server among the hosts of <c>databaseUrl</c>, and to no other server. With several hosts, it uses one
/// host until a connection to this host fails. It then connects to all hosts at the same time. Of the servers that accept writes, the
/// server with the newest timeline is the primary: a former primary that was started again has an older timeline
/// (docs/decisions/0023-postgresql-hosts.md).
/// </summary>
internal sealed partial class PrimaryConnections : IAsyncDisposable
{
    /// <summary>
    /// The time for which requests receive the result of a search that found no primary, instead of starting a new search.
    /// </summary>
    private static readonly TimeSpan SearchPause = TimeSpan.FromMilliseconds(100);

    private readonly PostgresHost[] hosts;
    private readonly ILogger logger;
    private readonly SharedOperation<PostgresHost> search;
    private volatile PostgresHost? primary;
    private long newestTimeline;
    private volatile bool isPooled;

    /// <summary>Creates the pools without connecting.</summary>
    /// <param name="settings">
    /// The connection settings. The hosts are separated by commas, as the driver expects; all other settings apply to all hosts.
    /// </param>
    /// <param name="logger">The logger.</param>
    public PrimaryConnections(NpgsqlConnectionStringBuilder settings, ILogger logger)
    {
        this.logger = logger;
        search = new(FindAsync, freshness: TimeSpan.Zero, TimeProvider.System) { RetryPause = SearchPause };
        hosts = [.. PostgresHost.Of(settings, InitializeAsync)];
        primary = hosts.Length == 1 ? hosts[0] : null;
    }

    public bool HasSeveralHosts => hosts.Length > 1;

    /// <summary>
    /// Returns true if a connection pooler such as PgBouncer is between Porthor and a server. Statements must not be prepared then.
    /// </summary>
    public bool IsPooled => isPooled;

    /// <summary>Opens a connection to the primary.</summary>
    /// <exception cref="NpgsqlException">There is no primary, or it cannot be reached.</exception>
    public async ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        if (hosts.Length == 1)
            return await hosts[0].Connections.OpenConnectionAsync(cancellationToken);
        var host = primary ?? await search.GetAsync(cancellationToken);
        try
        {
            return await host.Connections.OpenConnectionAsync(cancellationToken);
        }
        catch (Exception e) when (PostgresErrors.IsDriverError(e))
        {
            Lose(host);
        }
        host = await search.GetAsync(cancellationToken);
        return await host.Connections.OpenConnectionAsync(cancellationToken);
    }

    /// <summary>
    /// Closes the idle connections of the primary, because it no longer accepts writes or does not respond. With several hosts, the next
    /// request for a connection searches for the new primary.
    /// </summary>
    public void Lose() => Lose(primary);

    public async ValueTask DisposeAsync()
    {
        foreach (var host in hosts)
            await host.DisposeAsync();
    }

    private void Lose(PostgresHost? host)
    {
        if (host is null)
            return;
        if (hosts.Length > 1)
            Interlocked.CompareExchange(ref primary, null, host);
        host.Connections.Clear();
    }

    private async Task<PostgresHost> FindAsync()
    {
        // The search runs in the background, so that the first caller can stop waiting.
        await Task.Yield();
        var probes = await Task.WhenAll(hosts.Select(host => host.ProbeAsync()));
        var found = hosts.Zip(probes).Where(one => one.Second is null).Select(one => one.First).MaxBy(host => host.Timeline);
        if (found is null || found.Timeline < Volatile.Read(ref newestTimeline))
        {
            var reasons = hosts.Zip(probes).Select(one => Describe(one.First, one.Second));
            throw new NpgsqlException($"None of the hosts is the primary: {string.Join("; ", reasons)}");
        }
        primary = found;
        Log.PrimaryFound(logger, found.Name, found.Timeline);
        return found;
    }

    private static string Describe(PostgresHost host, Exception? error) =>
        error is null ? $"{host.Name} has an older timeline ({host.Timeline})" : $"{host.Name}: {PostgresErrors.Describe(error)}";

    /// <summary>Checks an established connection. The connection is closed if this method throws.</summary>
    private async Task InitializeAsync(PostgresHost host, NpgsqlConnection connection)
    {
        var role = await ServerRole.ReadAsync(connection, withTimeline: hosts.Length > 1);
        if (role.ProcessId != connection.ProcessID && !isPooled)
        {
            isPooled = true;
            Log.Pooler(logger, host.Name);
        }
        if (role.IsStandby)
            throw NotPrimary(host.Name);
        host.Timeline = role.Timeline;
        var newest = Volatile.Read(ref newestTimeline);
        if (role.Timeline > 0 && role.Timeline < newest)
        {
            Log.OldTimeline(logger, host.Name, role.Timeline, newest);
            throw new NpgsqlException(
                $"The server {host.Name} is on timeline {role.Timeline}, but the primary is on timeline {newest}. " +
                "It was replaced and must not be used.");
        }
        while (role.Timeline > newest && Interlocked.CompareExchange(ref newestTimeline, role.Timeline, newest) != newest)
            newest = Volatile.Read(ref newestTimeline);
    }

    /// <summary>Creates the error for a server that is in recovery.</summary>
    internal static NotPrimaryException NotPrimary(string name) =>
        new($"The PostgreSQL server {name} is a standby (it is in recovery). Porthor uses only the primary");

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The primary PostgreSQL server is {Host}")]
        public static partial void PrimaryFound(ILogger logger, string host, long timeline);

        [LoggerMessage(
            Level = LogLevel.Error,
            Message = "The PostgreSQL server {Host} accepts writes, but another server replaced it as the primary. Stop it.")]
        public static partial void OldTimeline(ILogger logger, string host, long timeline, long newestTimeline);

        [LoggerMessage(
            Level = LogLevel.Information,
            Message = "A connection pooler is in front of the PostgreSQL server {Host}; statements are not prepared")]
        public static partial void Pooler(ILogger logger, string host);
    }
}

/// <summary>
/// The exception that is thrown if a server is in recovery. Such a server is not used, because its data may be older than that of the
/// primary.
/// </summary>
internal sealed class NotPrimaryException(string message) : NpgsqlException(message);
