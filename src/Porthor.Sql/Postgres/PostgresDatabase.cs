using Microsoft.Extensions.Logging;
using Npgsql;
using Porthor.Telemetry;

namespace Porthor.Sql.Postgres;

/// <summary>Represents a PostgreSQL database. The driver pools its connections.</summary>
internal sealed class PostgresDatabase(
    PrimaryConnections connections, PoolHeartbeat heartbeat, TimeSpan statementTimeout, StoreMetrics metrics) : SqlDatabase
{
    /// <summary>The driver's time limit for connecting, in seconds, if the connection string has none.</summary>
    private const int DriverTimeout = 15;

    public override Dialect Dialect => PostgresDialect.Instance;

    public override string SchemaFolder => "Postgres";

    /// <summary>Creates the database without connecting. Connections are opened when they are needed.</summary>
    /// <param name="connectionString">The host, the database, the user and the password. This class sets all other options.</param>
    /// <param name="maxConnections">The maximum number of connections.</param>
    /// <param name="answerTimeout">The time limit of an authorization subrequest.</param>
    /// <param name="statementTimeout">The time limit of all other statements.</param>
    /// <param name="metrics">Measures the calls.</param>
    /// <param name="logger">The logger.</param>
    public static PostgresDatabase Create(
        string connectionString, int maxConnections, TimeSpan answerTimeout, TimeSpan statementTimeout, StoreMetrics metrics,
        ILogger<PrimaryConnections> logger)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Timezone = "UTC",
            MaxPoolSize = maxConnections,
            // An additional limit, in seconds. Each call has its own limit, and each transaction sets a limit in the database.
            CommandTimeout = CallTimeout.DriverSeconds(statementTimeout),
            // A cancelled command releases its connection immediately, without waiting for the response of the server.
            CancellationTimeout = -1,
            // A session has no state that must be reset, except its prepared statements. Without this option, the driver would send the
            // statements that reset the state together with the next statement, and the next statement could not be cancelled until they
            // have completed.
            NoResetOnClose = true,
            Multiplexing = false,
            IncludeErrorDetail = false,
        };
        builder.ApplicationName ??= "porthor";
        // The time to wait for a connection, in seconds. A request must get a response within a second, possibly with status 503.
        if (builder.Timeout == DriverTimeout)
            builder.Timeout = 1;
        var connections = new PrimaryConnections(builder, logger);
        return new PostgresDatabase(connections, new PoolHeartbeat(connections, answerTimeout, logger), statementTimeout, metrics);
    }

    public override async ValueTask<SqlSession> OpenAsync(CancellationToken cancellationToken) =>
        new PostgresSession(
            await ConnectAsync(cancellationToken), statementTimeout, inTransaction: false, prepare: false, checkRole: connections.IsPooled,
            metrics, Failed);

    public override async ValueTask<SqlSession> OpenAsync(TimeSpan timeLimit, CancellationToken cancellationToken) =>
        new PostgresSession(
            await ConnectAsync(cancellationToken), timeLimit, inTransaction: false, prepare: !connections.IsPooled,
            checkRole: connections.IsPooled, metrics, Failed);

    public override ValueTask<SqlSession> BeginAsync(CancellationToken cancellationToken) =>
        BeginAsync(statementTimeout, cancellationToken);

    public override async ValueTask<SqlSession> BeginAsync(TimeSpan timeLimit, CancellationToken cancellationToken) =>
        new PostgresSession(
            await ConnectAsync(cancellationToken), timeLimit, inTransaction: true, prepare: !connections.IsPooled, checkRole: false,
            metrics, Failed);

    /// <summary>Begins a transaction that sets options of the planner, and is rolled back.</summary>
    public override ValueTask<SqlSession> OpenForLookupsAsync(CancellationToken cancellationToken) => BeginAsync(cancellationToken);

    public override async Task RunScriptAsync(string script, CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        try
        {
            // Creating an index has no time limit.
            await using var command = new NpgsqlCommand(script, connection) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception e) when (PostgresErrors.IsDriverError(e))
        {
            throw Failed(StoreOperationNames.Script, e);
        }
    }

    public override ValueTask<byte[]?> ReadPointAsync(string sql, string key, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand($"SELECT pg_is_in_recovery(), ({sql})")
        {
            CommandTimeout = CallTimeout.DriverSeconds(timeLimit),
            Parameters = { new NpgsqlParameter<string> { TypedValue = key } },
        };
        var canceller = new StatementCanceller(command.Cancel);
        return new(CallTimeout.WaitAsync(
            ReadPointAsync(command, canceller), timeLimit, canceller, timeout => Failed(StoreOperationNames.Point, timeout),
            cancellationToken));
    }

    private async Task<byte[]?> ReadPointAsync(NpgsqlCommand command, StatementCanceller canceller)
    {
        var begun = metrics.Begin();
        await using var connection = await ConnectAsync(CancellationToken.None);
        try
        {
            await using (command)
            {
                command.Connection = connection;
                // Preparing needs a round trip only for the first statement on each connection.
                if (!connections.IsPooled)
                    await command.PrepareAsync();
                await using var reader = await command.ExecuteReaderAsync();
                await reader.ReadAsync();
                // A standby may not have received the revocation of a token yet.
                if (reader.GetBoolean(0))
                    throw PrimaryConnections.NotPrimary(connection.Host ?? "");
                var value = reader.IsDBNull(1) ? null : reader.GetFieldValue<byte[]>(1);
                // Reads to the end, to detect an error after the row.
                await reader.NextResultAsync();
                metrics.Answered(StoreOperationNames.Point, begun);
                return value;
            }
        }
        catch (Exception e) when (PostgresErrors.IsDataError(e))
        {
            // No row can have this key.
            return null;
        }
        catch (Exception e) when (PostgresErrors.IsDriverErrorOrCancellation(e))
        {
            throw Failed(StoreOperationNames.Point, e);
        }
        finally
        {
            await canceller.FinishAsync();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await heartbeat.DisposeAsync();
        await connections.DisposeAsync();
    }

    /// <summary>Converts and counts an error. If the server cannot be used any more, its other connections are closed as well.</summary>
    internal Exception Failed(string call, Exception exception)
    {
        if (PostgresErrors.IsReadOnly(exception) || exception is NotPrimaryException
            || (connections.HasSeveralHosts && PostgresErrors.LosesServer(exception)))
            connections.Lose();
        return metrics.Counted(call, PostgresErrors.Translate(exception));
    }

    internal async ValueTask<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            var connection = await connections.OpenAsync(cancellationToken);
            heartbeat.Begin();
            return connection;
        }
        catch (Exception e) when (PostgresErrors.IsDriverError(e))
        {
            throw Failed(StoreOperationNames.Connecting, e);
        }
    }
}
