using System.Globalization;
using Npgsql;
using Porthor.Telemetry;

namespace Porthor.Sql.Postgres;

/// <summary>
/// A PostgreSQL connection in use. In a transaction, BEGIN and the time limits travel with the first statements and
/// COMMIT with the last, so that a small change is a single round trip.
/// </summary>
/// <param name="limit">How long each statement may take; in a transaction also each wait for a lock.</param>
/// <param name="prepare">
/// True to prepare the statements. This is not possible through a connection pooler, because the next transaction may use another
/// connection.
/// </param>
/// <param name="checkRole">
/// True to check with each query that the server is the primary, because a pooler can change the server behind a connection.
/// </param>
/// <param name="failed">Translates and counts an error of a call.</param>
internal sealed class PostgresSession(
    NpgsqlConnection connection, TimeSpan limit, bool inTransaction, bool prepare, bool checkRole, StoreMetrics metrics, Func<string, Exception, Exception> failed) : SqlSession
{
    /// <summary>What returning a connection may take; a transaction that was not committed is rolled back then.</summary>
    private static readonly TimeSpan ReturnLimit = TimeSpan.FromSeconds(1);

    private readonly string reading = inTransaction ? StoreOperationNames.Locking : StoreOperationNames.Reading;
    private bool begun = !inTransaction;
    private Task work = Task.CompletedTask;

    public override async Task<List<T>> QueryAsync<T>(SqlStatement statement, Func<SqlRow, T> read, CancellationToken cancellationToken) => await RunAsync(
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
            // To the end: an error after the rows must not be missed.
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
                // The change is committed, but would be lost if the primary failed now. It must not be reported as done.
                return isReplicated ? changed : throw new TimeoutException("The standby did not confirm the change in time.");
            }
            finally
            {
                connection.Notice -= Note;
            }

            // A commit that waits for a synchronous standby is not undone when it is cancelled: it succeeds with a warning. The warning has
            // no code of its own and its text is translated, but not the name of the function in the server.
            void Note(object sender, NpgsqlNoticeEventArgs notice) => isReplicated &= notice.Notice.Routine != "SyncRepWaitForLSN";
        },
        cancellationToken);

    /// <summary>Returns the connection to the pool, which rolls back what was not committed; when the work on it has ended.</summary>
    public override async ValueTask DisposeAsync()
    {
        var returning = work.IsCompleted ? connection.DisposeAsync() : new ValueTask(ReturnLaterAsync());
        if (returning.IsCompletedSuccessfully || !work.IsCompleted)
            return;
        try
        {
            await returning.AsTask().WaitAsync(ReturnLimit);
        }
        catch (Exception e) when (PostgresErrors.IsOurs(e))
        {
            // It is returned when it can be, or thrown away.
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
        catch (Exception e) when (PostgresErrors.IsOurs(e))
        {
            // Thrown away.
        }
    }

    private Task<T> RunAsync<T>(string call, NpgsqlBatch batch, Func<NpgsqlBatch, Task<T>> run, CancellationToken cancellationToken)
    {
        var stop = new StatementCanceller(batch.Cancel);
        var asking = AskAsync(call, batch, run, stop);
        work = asking;
        return CallTimeout.WaitAsync(asking, limit, stop, late => failed(call, late), cancellationToken);
    }

    /// <summary>
    /// The statements of changes are few and find their rows by key, so they are prepared; that costs a round trip only the
    /// first time on each connection. Those for reading are many, and the best plan for one value is the worst for another.
    /// </summary>
    private async Task<T> AskAsync<T>(string call, NpgsqlBatch batch, Func<NpgsqlBatch, Task<T>> run, StatementCanceller stop)
    {
        var asked = metrics.Begin();
        try
        {
            await using (batch)
            {
                if (prepare)
                    await batch.PrepareAsync();
                var answer = await run(batch);
                metrics.Answered(call, asked);
                return answer;
            }
        }
        catch (Exception e) when (PostgresErrors.EndsWork(e))
        {
            throw failed(call, e);
        }
        finally
        {
            await stop.NoMoreAsync();
        }
    }

    private NpgsqlBatch CreateBatch(IReadOnlyList<SqlStatement> statements, bool commit)
    {
        var batch = new NpgsqlBatch(connection) { Timeout = CallTimeout.DriverSeconds(limit) };
        if (!begun)
        {
            begun = true;
            // Longer limits are whole seconds: each text is prepared, so that there must be few different ones.
            var milliseconds = (limit > TimeSpan.FromSeconds(1) ? 1000 * (int)Math.Ceiling(limit.TotalSeconds) : (int)limit.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            batch.BatchCommands.Add(new NpgsqlBatchCommand("BEGIN ISOLATION LEVEL READ COMMITTED"));
            // Covers waits for locks, too.
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"SET LOCAL statement_timeout = {milliseconds}"));
            // Changes find their rows by key. Statistics may say otherwise: if one token has most children, the planner reads the whole
            // table for each token, in foreign keys too.
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SET LOCAL enable_seqscan = off"));
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SET LOCAL jit = off"));
        }
        // In the same round trip and the same implicit transaction, and so on the same server as what follows.
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
