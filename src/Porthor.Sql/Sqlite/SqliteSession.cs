using Microsoft.Data.Sqlite;
using Porthor.Events;

namespace Porthor.Sql.Sqlite;

/// <summary>
/// A SQLite handle in use; what is asked of it runs on the threads kept for that. A transaction begins with its first
/// statement, so that a small change is a single visit to the writing thread.
/// </summary>
internal sealed class SqliteSession(SqliteHandle handle, DedicatedThreads threads, bool inTransaction, StoreMetrics metrics, Action<SqliteHandle> release) : SqlSession
{
    private readonly string reading = inTransaction ? StoreCalls.Locking : StoreCalls.Reading;
    private bool toBegin = inTransaction;
    private bool open;

    public override Task<List<T>> QueryAsync<T>(SqlText statement, Func<SqlRow, T> read, CancellationToken cancellationToken) =>
        RunAsync(reading, () => handle.Query(statement, read), cancellationToken);

    public override Task<IReadOnlyList<int>> ExecuteAsync(IReadOnlyList<SqlText> statements, CancellationToken cancellationToken) =>
        statements.Count == 0
            ? Task.FromResult<IReadOnlyList<int>>([])
            : RunAsync<IReadOnlyList<int>>(StoreCalls.Writing, () => [.. statements.Select(handle.Execute)], cancellationToken);

    public override Task CommitAsync(IReadOnlyList<SqlText> statements, CancellationToken cancellationToken) => RunAsync(
        StoreCalls.Committing,
        () =>
        {
            foreach (var statement in statements)
                handle.Execute(statement);
            handle.Execute(SqliteHandle.Commit);
            open = false;
            return true;
        },
        cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        if (open)
            await threads.RunAsync(Rollback);
        release(handle);
    }

    /// <summary>Runs on the session's thread, in its transaction if it has one.</summary>
    internal Task<T> RunAsync<T>(string operation, Func<T> work, CancellationToken cancellationToken) => threads.RunAsync(() =>
    {
        var begun = metrics.Begin();
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            if (toBegin)
            {
                handle.Execute(SqliteHandle.Begin);
                (toBegin, open) = (false, true);
            }
            var result = work();
            metrics.Answered(operation, begun);
            return result;
        }
        catch (SqliteException e)
        {
            throw metrics.Counted(operation, SqliteHandle.Translate(e));
        }
    });

    private bool Rollback()
    {
        open = false;
        try
        {
            handle.ExecuteScript("ROLLBACK");
            return true;
        }
        catch (SqliteException)
        {
            // Some errors have rolled back already; then there is nothing to undo.
            return false;
        }
    }
}
