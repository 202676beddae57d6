using System.Globalization;
using Npgsql;
using Porthor.Telemetry;

namespace Porthor.Sql.Postgres;

/// <summary>
/// Represents a PostgreSQL connection in use. In a transaction, BEGIN and the time limits are sent together with the first statements, and
/// COMMIT together with the last statements, so that a small change needs one round trip.
/// </summary>
/// <param name="connection">The connection.</param>
/// <param name="limit">The time limit of each statement, and in a transaction also of each wait for a lock.</param>
/// <param name="inTransaction">True for a transaction.</param>
/// <param name="prepare">
/// True to prepare the statements. This is not possible through a connection pooler, because the next transaction may use another
/// connection.
/// </param>
/// <param name="checkRole">
/// True to check with each query that the server is the primary, because a connection pooler can use another server for each transaction.
/// </param>
/// <param name="metrics">Measures the calls.</param>
/// <param name="failed">Converts and counts the error of a call.</param>
internal sealed class PostgresSession(
    NpgsqlConnection connection, TimeSpan limit, bool inTransaction, bool prepare, bool checkRole, StoreMetrics metrics,
    Func<string, Exception, Exception> failed) : SqlSession
{
    /// <summary>The time limit for returning a connection, which includes the rollback of a transaction that was not committed.</summary>
    private static readonly TimeSpan ReturnLimit = TimeSpan.FromSeconds(1);

    private readonly string reading = inTransaction ? StoreOperationNames.Locking : StoreOperationNames.Reading;
    private bool begun = !inTransaction;
    private Task work = Task.CompletedTask;

    public override async Task<List<T>> QueryAsync<T>(
        SqlStatement statement, Func<SqlRow, T> read, CancellationToken cancellationToken) => await RunAsync(
        reading,
        CreateBatch([statement], commit: false),
        async batch =>
        {
            await using var reader = await batch.ExecuteReaderAsync();
            if (checkRole)
                await CheckRoleAsync(reader);
            List<T> rows = [];
            while (await reader.ReadAsync())
                rows.Add(read(new SqlRow(reader, PostgresDialect.Instance)));
            // Reads to the end, to detect an error after the rows.
            while (await reader.NextResultAsync())
            {
            }
            return rows;
        },
        cancellationToken);

    public override async Task<IReadOnlyList<int>> ExecuteAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken)
    {
        if (statements.Count == 0)
            return [];
        return await RunAsync<IReadOnlyList<int>>(
            StoreOperationNames.Writing,
            CreateBatch(statements, commit: false),
            async batch =>
            {
                await batch.ExecuteNonQueryAsync();
                var preamble = batch.BatchCommands.Count - statements.Count;
                return [.. Enumerable.Range(preamble, statements.Count).Select(index => batch.BatchCommands[index].RecordsAffected)];
            },
            cancellationToken);
    }

    public override async Task CommitAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken) => await RunAsync(
        StoreOperationNames.Committing,
        CreateBatch(statements, commit: true),
        async batch =>
        {
            var isReplicated = true;
            connection.Notice += Note;
            try
            {
                var changed = await batch.ExecuteNonQueryAsync();
                // The change is committed, but would be lost if the primary failed now. It must not be reported as successful.
                return isReplicated ? changed : throw new TimeoutException("The standby did not confirm the change in time.");
            }
            finally
            {
                connection.Notice -= Note;
            }

            // A commit that waits for a synchronous standby is not undone when it is cancelled: it succeeds with a warning. The warning has
            // no code of its own and its text is translated, but the name of the server function that it contains is not.
            void Note(object sender, NpgsqlNoticeEventArgs notice) => isReplicated &= notice.Notice.Routine != "SyncRepWaitForLSN";
        },
        cancellationToken);

    /// <summary>
    /// Returns the connection to the pool when its work has ended. A transaction that was not committed is rolled back.
    /// </summary>
    public override async ValueTask DisposeAsync()
    {
        var returning = work.IsCompleted ? connection.DisposeAsync() : new ValueTask(ReturnLaterAsync());
        if (returning.IsCompletedSuccessfully || !work.IsCompleted)
            return;
        try
        {
            await returning.AsTask().WaitAsync(ReturnLimit);
        }
        catch (Exception e) when (PostgresErrors.IsDriverError(e))
        {
            // The connection is returned later, or closed.
        }
    }

    /// <summary>Reads the result of the first statement of the batch.</summary>
    private async Task CheckRoleAsync(NpgsqlDataReader reader)
    {
        await reader.ReadAsync();
        if (reader.GetBoolean(0))
            throw PrimaryConnections.NotPrimary(connection.Host ?? "");
        await reader.NextResultAsync();
    }

    private async Task ReturnLaterAsync()
    {
        await work.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            await connection.DisposeAsync();
        }
        catch (Exception e) when (PostgresErrors.IsDriverError(e))
        {
            // The connection is closed.
        }
    }

    private Task<T> RunAsync<T>(string call, NpgsqlBatch batch, Func<NpgsqlBatch, Task<T>> run, CancellationToken cancellationToken)
    {
        var canceller = new StatementCanceller(batch.Cancel);
        var running = RunBatchAsync(call, batch, run, canceller);
        work = running;
        return CallTimeout.WaitAsync(running, limit, canceller, timeout => failed(call, timeout), cancellationToken);
    }

    /// <summary>
    /// Runs a batch. The statements of changes are prepared, because there are few different ones and they find their rows by key;
    /// preparing needs a round trip only for the first use on each connection. Statements that read are not prepared, because there are
    /// many different ones, and the best plan depends on the values.
    /// </summary>
    private async Task<T> RunBatchAsync<T>(string call, NpgsqlBatch batch, Func<NpgsqlBatch, Task<T>> run, StatementCanceller canceller)
    {
        var started = metrics.Begin();
        try
        {
            await using (batch)
            {
                if (prepare)
                    await batch.PrepareAsync();
                var answer = await run(batch);
                metrics.Answered(call, started);
                return answer;
            }
        }
        catch (Exception e) when (PostgresErrors.IsDriverErrorOrCancellation(e))
        {
            throw failed(call, e);
        }
        finally
        {
            await canceller.FinishAsync();
        }
    }

    private NpgsqlBatch CreateBatch(IReadOnlyList<SqlStatement> statements, bool commit)
    {
        var batch = new NpgsqlBatch(connection) { Timeout = CallTimeout.DriverSeconds(limit) };
        if (!begun)
        {
            begun = true;
            // Longer limits are rounded to whole seconds: each text is prepared, so the number of different texts must be small.
            var length = limit > TimeSpan.FromSeconds(1) ? 1000 * (int)Math.Ceiling(limit.TotalSeconds) : (int)limit.TotalMilliseconds;
            var milliseconds = length.ToString(CultureInfo.InvariantCulture);
            batch.BatchCommands.Add(new NpgsqlBatchCommand("BEGIN ISOLATION LEVEL READ COMMITTED"));
            // The limit includes waits for locks.
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"SET LOCAL statement_timeout = {milliseconds}"));
            // Changes find their rows by key. With certain statistics, for example if one token has most of the children, the planner would
            // read the whole table for each token, also for foreign keys.
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SET LOCAL enable_seqscan = off"));
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SET LOCAL jit = off"));
        }
        // The check is in the same round trip and the same implicit transaction, so it runs on the same server as the statements.
        if (checkRole)
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT pg_is_in_recovery()"));
        foreach (var statement in statements)
            batch.BatchCommands.Add(CreateCommand(statement));
        if (commit)
            batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        return batch;
    }

    private static NpgsqlBatchCommand CreateCommand(SqlStatement statement)
    {
        var command = new NpgsqlBatchCommand(statement.Text);
        foreach (var value in statement.Parameters)
            command.Parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value ?? DBNull.Value });
        return command;
    }
}
