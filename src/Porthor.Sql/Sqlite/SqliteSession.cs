using Microsoft.Data.Sqlite;
using Porthor.Telemetry;

namespace Porthor.Sql.Sqlite;

/// <summary>
/// A SQLite handle in use; its statements run on the threads kept for that. A transaction begins with its first
/// statement, so that a small change is a single visit to the writing thread. A caller waits at most for the limit. Then the statement is
/// interrupted, and the handle is released when the statement has ended.
/// </summary>
/// <param name="limit">The time limit of each call, including the wait for the lock of another process.</param>
internal sealed class SqliteSession(
    SqliteHandle handle, DedicatedThreads threads, TimeSpan limit, bool inTransaction, StoreMetrics metrics, Action<SqliteHandle> release) : SqlSession
{
    /// <summary>The interval at which a statement that exceeded its limit is interrupted, until it has ended.</summary>
    private static readonly TimeSpan InterruptPause = TimeSpan.FromMilliseconds(50);

    private readonly string reading = inTransaction ? StoreOperationNames.Locking : StoreOperationNames.Reading;
    private bool toBegin = inTransaction;
    private bool open;
    private volatile bool isAbandoned;
    private Task running = Task.CompletedTask;

    public override Task<List<T>> QueryAsync<T>(SqlStatement statement, Func<SqlRow, T> read, CancellationToken cancellationToken) =>
        RunAsync(reading, () => handle.Query(statement, read), cancellationToken);

    public override Task<IReadOnlyList<int>> ExecuteAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken) =>
        statements.Count == 0
            ? Task.FromResult<IReadOnlyList<int>>([])
            : RunAsync<IReadOnlyList<int>>(StoreOperationNames.Writing, () => [.. statements.Select(Execute)], cancellationToken);

    public override Task CommitAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken) => RunAsync(
        StoreOperationNames.Committing,
        () =>
        {
            foreach (var statement in statements)
                Execute(statement);
            ThrowIfAbandoned();
            handle.Execute(SqliteHandle.Commit);
            open = false;
            return true;
        },
        cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        if (running.IsCompleted)
            await EndAsync();
        else
            _ = InterruptAndEndAsync();
    }

    /// <summary>Runs on the session's thread, in its transaction if it has one.</summary>
    internal async Task<T> RunAsync<T>(string operation, Func<T> work, CancellationToken cancellationToken)
    {
        var task = threads.RunAsync(() => Run(operation, work, cancellationToken));
        running = task;
        try
        {
            return await task.WaitAsync(limit, cancellationToken);
        }
        catch (TimeoutException e)
        {
            Abandon(task);
            throw metrics.Counted(operation, new StoreUnavailableException("token list", "SQLite", e));
        }
        catch (OperationCanceledException) when (!task.IsCompleted)
        {
            Abandon(task);
            throw;
        }
    }

    private T Run<T>(string operation, Func<T> work, CancellationToken cancellationToken)
    {
        var begun = metrics.Begin();
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            ThrowIfAbandoned();
            handle.LimitBusyWait(limit);
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
            // A caller that no longer waits has received the timeout, which is already counted.
            throw isAbandoned ? SqliteHandle.Translate(e) : metrics.Counted(operation, SqliteHandle.Translate(e));
        }
    }

    private int Execute(SqlStatement statement)
    {
        ThrowIfAbandoned();
        return handle.Execute(statement);
    }

    private void Abandon(Task task)
    {
        isAbandoned = true;
        _ = task.ContinueWith(static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        handle.Interrupt();
    }

    private void ThrowIfAbandoned()
    {
        if (isAbandoned)
            throw new OperationCanceledException();
    }

    private async Task InterruptAndEndAsync()
    {
        // More than once: an interrupt between two statements has no effect.
        while (!running.IsCompleted)
        {
            handle.Interrupt();
            await Task.WhenAny(running, Task.Delay(InterruptPause));
        }
        await EndAsync();
    }

    private async Task EndAsync()
    {
        if (open)
            await threads.RunAsync(Rollback);
        release(handle);
    }

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
