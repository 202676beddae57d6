using Microsoft.Extensions.Logging;
using Porthor.Sql.Postgres;
using Porthor.Sql.Schema;
using Porthor.Sql.Sqlite;
using Porthor.Storage;
using Porthor.Telemetry;

namespace Porthor.Sql;

/// <summary>What a deployment remembers about itself, by name.</summary>
public interface ISettingStore
{
    Task<string?> GetAsync(string name, CancellationToken cancellationToken);

    Task SetAsync(string name, string value, CancellationToken cancellationToken);

    /// <summary>All whose name begins with a prefix.</summary>
    Task<IReadOnlyDictionary<string, string>> ListAsync(string prefix, CancellationToken cancellationToken);

    Task DeleteAsync(string name, CancellationToken cancellationToken);
}

/// <summary>All that a SQL database holds for us, opened.</summary>
public sealed class SqlStores : IAsyncDisposable
{
    private readonly SqlDatabase database;

    private SqlStores(SqlDatabase database, ISchema schema, TimeSpan readTimeout)
    {
        this.database = database;
        var tokenIndex = new SqlTokenIndex(database);
        var settings = new SqlSettings(database);
        TokenIndex = tokenIndex;
        History = tokenIndex;
        Uses = new SqlUsageHistory(database);
        Revocations = tokenIndex;
        Settings = settings;
        QuotaOverrides = settings;
        OidcClients = new SqlOidcClients(database);
        Ids = new SqlIds(database);
        RecordStore = new SqlRecordStore(database, readTimeout);
        Schema = schema;
    }

    public ITokenIndex TokenIndex { get; }

    public IChangeHistory History { get; }

    public IUsageHistory Uses { get; }

    public IRevocationLog Revocations { get; }

    /// <summary>A record store in the same database, for the modes that have it there.</summary>
    public ITokenRecordStore RecordStore { get; }

    public IQuotaOverrideStore QuotaOverrides { get; }

    public ISettingStore Settings { get; }

    public SqlOidcClients OidcClients { get; }

    public SqlIds Ids { get; }

    public ISchema Schema { get; }

    /// <summary>Creates a counter of requests that all nodes share; PostgreSQL only.</summary>
    /// <param name="timeLimit">How long a request waits for the result.</param>
    public IRateCounter CreateRateCounter(TimeSpan timeLimit) => new SqlRateCounter(database, timeLimit);

    /// <summary>Removes counters of requests whose minute has ended.</summary>
    public Task RemoveEndedCountersAsync(CancellationToken cancellationToken) =>
        database is PostgresDatabase ? SqlRateCounter.RemoveEndedAsync(database, cancellationToken) : Task.CompletedTask;

    /// <summary>Connects when it is first needed.</summary>
    /// <param name="connectionString">Host, database, user and password.</param>
    /// <param name="readTimeout">How long reading a record may take.</param>
    /// <param name="statementTimeout">How long anything else may take that is asked of the database.</param>
    public static SqlStores Postgres(
        string connectionString, int maxConnections, TimeSpan readTimeout, TimeSpan statementTimeout, StoreMetrics metrics, ILoggerFactory loggers)
    {
        var postgres = PostgresDatabase.Create(
            connectionString, maxConnections, readTimeout, statementTimeout, metrics, loggers.CreateLogger<PrimaryConnections>());
        return new SqlStores(postgres, new PostgresSchema(postgres, loggers.CreateLogger<PostgresSchema>()), readTimeout);
    }

    /// <summary>Opens the file, and creates it if it does not exist.</summary>
    /// <inheritdoc cref="Postgres"/>
    public static SqlStores Sqlite(string path, TimeSpan readTimeout, TimeSpan statementTimeout, StoreMetrics metrics)
    {
        var file = SqliteDatabase.Open(path, statementTimeout, metrics);
        return new SqlStores(file, new SqliteSchema(file), readTimeout);
    }

    /// <summary>Opens the store of one-time values in this database.</summary>
    /// <param name="clock">The clock by which values expire.</param>
    public IOneTimeStore OneTimeValues(TimeProvider clock) => new SqlOneTimeStore(database, clock);

    /// <summary>Returns the SQL that creates the schema, without a database.</summary>
    public static string GenerateSchema(bool forPostgres) => forPostgres ? PostgresSchema.Text() : SqliteSchema.Text();

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
