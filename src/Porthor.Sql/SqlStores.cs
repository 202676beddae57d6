using Microsoft.Extensions.Logging;
using Porthor.Sql.Postgres;
using Porthor.Sql.Schema;
using Porthor.Sql.Sqlite;
using Porthor.Storage;
using Porthor.Telemetry;

namespace Porthor.Sql;

/// <summary>Stores persistent settings of a deployment by name.</summary>
public interface ISettingStore
{
    /// <summary>Returns a value; null if there is none.</summary>
    Task<string?> GetAsync(string name, CancellationToken cancellationToken);

    /// <summary>Sets a value.</summary>
    Task SetAsync(string name, string value, CancellationToken cancellationToken);

    /// <summary>Returns all settings whose names begin with a prefix.</summary>
    Task<IReadOnlyDictionary<string, string>> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Deletes a value, if it exists.</summary>
    Task DeleteAsync(string name, CancellationToken cancellationToken);
}

/// <summary>Provides all stores in a SQL database.</summary>
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
        UsageHistory = new SqlUsageHistory(database);
        Revocations = tokenIndex;
        Settings = settings;
        QuotaOverrides = settings;
        OidcClients = new SqlOidcClients(database);
        Ids = new SqlIds(database);
        RecordStore = new SqlRecordStore(database, readTimeout);
        Schema = schema;
    }

    /// <summary>Returns the token index.</summary>
    public ITokenIndex TokenIndex { get; }

    /// <summary>Returns the history of token changes.</summary>
    public IChangeHistory History { get; }

    /// <summary>Returns the usage history.</summary>
    public IUsageHistory UsageHistory { get; }

    /// <summary>Returns the recent revocations and reductions.</summary>
    public IRevocationLog Revocations { get; }

    /// <summary>Returns the record store in the same database, for the embedded and the database mode.</summary>
    public ITokenRecordStore RecordStore { get; }

    /// <summary>Returns the quota overrides.</summary>
    public IQuotaOverrideStore QuotaOverrides { get; }

    /// <summary>Returns the persistent settings.</summary>
    public ISettingStore Settings { get; }

    /// <summary>Returns the clients of the OpenID Connect provider.</summary>
    public IOidcClientStore OidcClients { get; }

    /// <summary>Returns the assigned IDs of users and groups.</summary>
    public SqlIds Ids { get; }

    /// <summary>Returns the schema.</summary>
    public ISchema Schema { get; }

    /// <summary>Creates a counter of requests that all nodes share. It is available only with PostgreSQL.</summary>
    /// <param name="timeLimit">The time for which a request waits for the result.</param>
    public IRateCounter CreateRateCounter(TimeSpan timeLimit) => new SqlRateCounter(database, timeLimit);

    /// <summary>Removes the counters whose window has ended.</summary>
    public Task RemoveEndedCountersAsync(CancellationToken cancellationToken) =>
        database is PostgresDatabase ? SqlRateCounter.RemoveEndedAsync(database, cancellationToken) : Task.CompletedTask;

    /// <summary>Creates the stores in PostgreSQL. Connections are opened when they are needed.</summary>
    /// <param name="connectionString">The host, the database, the user and the password.</param>
    /// <param name="maxConnections">The maximum number of connections.</param>
    /// <param name="readTimeout">The time limit for reading a record.</param>
    /// <param name="statementTimeout">The time limit of all other statements.</param>
    /// <param name="metrics">Measures the calls.</param>
    /// <param name="loggers">Creates the loggers.</param>
    public static SqlStores Postgres(
        string connectionString, int maxConnections, TimeSpan readTimeout, TimeSpan statementTimeout, StoreMetrics metrics,
        ILoggerFactory loggers)
    {
        var postgres = PostgresDatabase.Create(
            connectionString, maxConnections, readTimeout, statementTimeout, metrics, loggers.CreateLogger<PrimaryConnections>());
        return new SqlStores(postgres, new PostgresSchema(postgres, loggers.CreateLogger<PostgresSchema>()), readTimeout);
    }

    /// <summary>Creates the stores in a SQLite file, and creates the file if it does not exist.</summary>
    /// <param name="path">The path of the file.</param>
    /// <param name="readTimeout">The time limit for reading a record.</param>
    /// <param name="statementTimeout">The time limit of all other statements.</param>
    /// <param name="metrics">Measures the calls.</param>
    /// <exception cref="StoreUnavailableException">The file cannot be opened.</exception>
    public static SqlStores Sqlite(string path, TimeSpan readTimeout, TimeSpan statementTimeout, StoreMetrics metrics)
    {
        var file = SqliteDatabase.Open(path, statementTimeout, metrics);
        return new SqlStores(file, new SqliteSchema(file), readTimeout);
    }

    /// <summary>Returns the store of one-time values in this database.</summary>
    /// <param name="clock">The clock that determines whether a value has expired.</param>
    public IOneTimeStore OneTimeValues(TimeProvider clock) => new SqlOneTimeStore(database, clock);

    /// <summary>Returns the SQL that creates the schema. No database is needed.</summary>
    /// <param name="forPostgres">True for PostgreSQL; false for SQLite.</param>
    public static string GenerateSchema(bool forPostgres) => forPostgres ? PostgresSchema.Text() : SqliteSchema.Text();

    /// <summary>Closes all connections.</summary>
    public ValueTask DisposeAsync() => database.DisposeAsync();
}
