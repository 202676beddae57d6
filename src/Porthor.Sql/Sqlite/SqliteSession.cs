using Microsoft.Data.Sqlite;

namespace Porthor.Sql.Sqlite;

/// <summary>A SQLite handle in use; what is asked of it runs on the threads kept for that.</summary>
internal sealed class SqliteSession(SqliteHandle handle, DedicatedThreads threads, bool inTransaction, Action<SqliteHandle> release) : SqlSession
{
    private bool open = inTransaction;

    public override Task<List<T>> QueryAsync<T>(SqlText statement, Func<SqlRow, T> read, CancellationToken cancellationToken) =>
        RunAsync(() => handle.Query(statement, read), cancellationToken);

    public override Task<IReadOnlyList<int>> ExecuteAsync(IReadOnlyList<SqlText> statements, CancellationToken cancellationToken) =>
        statements.Count == 0
            ? Task.FromResult<IReadOnlyList<int>>([])
            : RunAsync<IReadOnlyList<int>>(() => [.. statements.Select(handle.Execute)], cancellationToken);

    public override Task CommitAsync(IReadOnlyList<SqlText> statements, CancellationToken cancellationToken) => RunAsync(
        () =>
        {
            foreach (var statement in statements)
                handle.Execute(statement);
            handle.ExecuteScript("COMMIT");
            open = false;
            return true;
        },
        cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        if (open)
        {
            open = false;
            await threads.RunAsync(Rollback);
        }
        release(handle);
    }

    internal Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken) => threads.RunAsync(() =>
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return work();
        }
        catch (SqliteException e)
        {
            throw SqliteHandle.Translate(e);
        }
    });

    private bool Rollback()
    {
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
