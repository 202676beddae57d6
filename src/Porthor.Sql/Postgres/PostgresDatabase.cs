using Microsoft.Extensions.Logging;
using Npgsql;
using Porthor.Events;

namespace Porthor.Sql.Postgres;

/// <summary>A PostgreSQL database, its connections pooled by the driver.</summary>
internal sealed class PostgresDatabase(NpgsqlDataSource source, PoolHeartbeat heartbeat, TimeSpan statementTimeout, StoreMetrics metrics) : SqlDatabase
{
    public override Dialect Dialect => PostgresDialect.Instance;

    public override string SchemaFolder => "Postgres";

    /// <summary>Opens nothing yet; connections are made as they are needed.</summary>
    /// <param name="connectionString">Host, database, user and password; all else is decided here.</param>
    /// <param name="answerTimeout">How long a proxy's question may take.</param>
    /// <param name="statementTimeout">How long anything else may take.</param>
    public static PostgresDatabase Create(
        string connectionString, int maxConnections, TimeSpan answerTimeout, TimeSpan statementTimeout, StoreMetrics metrics, ILogger<PoolHeartbeat> logger)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "porthor",
            Timezone = "UTC",
            MaxPoolSize = maxConnections,
            // How long to wait for a connection, in seconds: a request must be answered within a second, with 503 if need be.
            Timeout = 1,
            // The last resort, in seconds: limits come with each call, and are set in the database for each transaction.
            CommandTimeout = Patience.DriverSeconds(statementTimeout),
            // What was cancelled gives its connection up at once, whether the server has heard of it or not.
            CancellationTimeout = -1,
            // A session has no state but its prepared statements, and a transaction ends with it. What the driver sends to wipe the state away
            // would be asked with the next statement; and while its answers are missing, that one cannot be cancelled.
            NoResetOnClose = true,
            Multiplexing = false,
            IncludeErrorDetail = false,
        };
        // The name is how the driver's own metrics call the pool.
        var source = new NpgsqlDataSourceBuilder(builder.ConnectionString) { Name = "ledger" }.Build();
        return new PostgresDatabase(source, new PoolHeartbeat(source, answerTimeout, logger), statementTimeout, metrics);
    }

    public override async ValueTask<SqlSession> OpenAsync(CancellationToken cancellationToken) =>
        new PostgresSession(await ConnectAsync(cancellationToken), statementTimeout, inTransaction: false, metrics);

    public override async ValueTask<SqlSession> BeginAsync(TimeSpan timeLimit, CancellationToken cancellationToken) =>
        new PostgresSession(await ConnectAsync(cancellationToken), timeLimit, inTransaction: true, metrics);

    public override async Task RunScriptAsync(string script, CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        try
        {
            // Building an index may take as long as it takes.
            await using var command = new NpgsqlCommand(script, connection) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception e) when (PostgresErrors.IsOurs(e))
        {
            throw metrics.Counted(StoreCalls.Script, PostgresErrors.Translate(e));
        }
    }

    public override ValueTask<byte[]?> ReadPointAsync(string sql, string key, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql) { CommandTimeout = Patience.DriverSeconds(timeLimit), Parameters = { new NpgsqlParameter<string> { TypedValue = key } } };
        var stop = new Stop(command.Cancel);
        return new(Patience.WaitAsync(
            ReadPointAsync(command, stop), timeLimit, stop, late => metrics.Counted(StoreCalls.Point, PostgresErrors.Translate(late)), cancellationToken));
    }

    private async Task<byte[]?> ReadPointAsync(NpgsqlCommand command, Stop stop)
    {
        var begun = metrics.Begin();
        await using var connection = await ConnectAsync(CancellationToken.None);
        try
        {
            await using (command)
            {
                command.Connection = connection;
                // Costs a round trip only the first time on each connection.
                await command.PrepareAsync();
                var value = (byte[]?)await command.ExecuteScalarAsync();
                metrics.Answered(StoreCalls.Point, begun);
                return value;
            }
        }
        catch (Exception e) when (PostgresErrors.IsDataError(e))
        {
            // No row can have this key.
            return null;
        }
        catch (Exception e) when (PostgresErrors.EndsWork(e))
        {
            throw metrics.Counted(StoreCalls.Point, PostgresErrors.Translate(e));
        }
        finally
        {
            await stop.NoMoreAsync();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await heartbeat.DisposeAsync();
        await source.DisposeAsync();
    }

    internal async ValueTask<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            var connection = await source.OpenConnectionAsync(cancellationToken);
            heartbeat.Begin();
            return connection;
        }
        catch (Exception e) when (PostgresErrors.IsOurs(e))
        {
            throw metrics.Counted(StoreCalls.Connecting, PostgresErrors.Translate(e));
        }
    }
}
