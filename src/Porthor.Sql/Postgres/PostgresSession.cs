using System.Globalization;
using Npgsql;
using Porthor.Events;

namespace Porthor.Sql.Postgres;

/// <summary>
/// A PostgreSQL connection in use. In a transaction, BEGIN and the time limits travel with the first statements and
/// COMMIT with the last, so that a small change is a single round trip.
/// </summary>
internal sealed class PostgresSession(NpgsqlConnection connection, TimeSpan? transactionLimit, StoreMetrics metrics) : SqlSession
{
    private readonly string reading = transactionLimit is null ? StoreCalls.Reading : StoreCalls.Locking;
    private bool begun = transactionLimit is null;

    public override async Task<List<T>> QueryAsync<T>(SqlText statement, Func<SqlRow, T> read, CancellationToken cancellationToken)
    {
        var asked = metrics.Begin();
        try
        {
            await using var batch = CreateBatch([statement], commit: false);
            await PrepareAsync(batch, cancellationToken);
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            List<T> rows = [];
            while (await reader.ReadAsync(cancellationToken))
                rows.Add(read(new SqlRow(reader, PostgresDialect.Instance)));
            // To the end: an error after the rows must not be missed.
            while (await reader.NextResultAsync(cancellationToken))
            {
            }
            metrics.Answered(reading, asked);
            return rows;
        }
        catch (Exception e) when (PostgresErrors.IsOurs(e))
        {
            throw metrics.Counted(reading, PostgresErrors.Translate(e));
        }
    }

    public override async Task<IReadOnlyList<int>> ExecuteAsync(IReadOnlyList<SqlText> statements, CancellationToken cancellationToken)
    {
        if (statements.Count == 0)
            return [];
        var asked = metrics.Begin();
        try
        {
            await using var batch = CreateBatch(statements, commit: false);
            await PrepareAsync(batch, cancellationToken);
            await batch.ExecuteNonQueryAsync(cancellationToken);
            metrics.Answered(StoreCalls.Writing, asked);
            var preamble = batch.BatchCommands.Count - statements.Count;
            return [.. Enumerable.Range(preamble, statements.Count).Select(index => batch.BatchCommands[index].RecordsAffected)];
        }
        catch (Exception e) when (PostgresErrors.IsOurs(e))
        {
            throw metrics.Counted(StoreCalls.Writing, PostgresErrors.Translate(e));
        }
    }

    public override async Task CommitAsync(IReadOnlyList<SqlText> statements, CancellationToken cancellationToken)
    {
        var asked = metrics.Begin();
        try
        {
            await using var batch = CreateBatch(statements, commit: true);
            await PrepareAsync(batch, cancellationToken);
            await batch.ExecuteNonQueryAsync(cancellationToken);
            metrics.Answered(StoreCalls.Committing, asked);
        }
        catch (Exception e) when (PostgresErrors.IsOurs(e))
        {
            throw metrics.Counted(StoreCalls.Committing, PostgresErrors.Translate(e));
        }
    }

    /// <summary>Returns the connection to the pool, which rolls back what was not committed.</summary>
    public override ValueTask DisposeAsync() => connection.DisposeAsync();

    /// <summary>
    /// The statements of changes are few and find their rows by key, so they are prepared; that costs a round trip only the
    /// first time on each connection. Those for reading are many, and the best plan for one value is the worst for another.
    /// </summary>
    private Task PrepareAsync(NpgsqlBatch batch, CancellationToken cancellationToken) =>
        transactionLimit is null ? Task.CompletedTask : batch.PrepareAsync(cancellationToken);

    private NpgsqlBatch CreateBatch(IReadOnlyList<SqlText> statements, bool commit)
    {
        var batch = new NpgsqlBatch(connection);
        if (!begun)
        {
            begun = true;
            var limit = ((int)transactionLimit!.Value.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            batch.BatchCommands.Add(new NpgsqlBatchCommand("BEGIN ISOLATION LEVEL READ COMMITTED"));
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"SET LOCAL statement_timeout = {limit}"));
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"SET LOCAL lock_timeout = {limit}"));
        }
        foreach (var statement in statements)
            batch.BatchCommands.Add(CreateCommand(statement));
        if (commit)
            batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        return batch;
    }

    private static NpgsqlBatchCommand CreateCommand(SqlText statement)
    {
        var command = new NpgsqlBatchCommand(statement.Text);
        foreach (var value in statement.Parameters)
            command.Parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value ?? DBNull.Value });
        return command;
    }
}
