using Microsoft.Data.Sqlite;
using Porthor.Telemetry;

namespace Porthor.Sql.Sqlite;

/// <summary>
/// Represents a SQLite handle in use. Its statements run on dedicated threads. A transaction begins with its first statement, so that a
/// small change needs only one switch to the writing thread. A caller waits at most until the limit. After the limit, the statement is
/// interrupted, and the handle is released when the statement has ended.
/// </summary>
/// <param name="handle">The handle.</param>
/// <param name="threads">The threads that run the statements.</param>
/// <param name="limit">The time limit of each call, including the wait for the lock of another process.</param>
/// <param name="inTransaction">True for a transaction.</param>
/// <param name="metrics">Measures the calls.</param>
/// <param name="release">Called when the handle is no longer in use.</param>
internal sealed class SqliteSession(
    SqliteHandle handle, DedicatedThreads threads, TimeSpan limit, bool inTransaction, StoreMetrics metrics,
    Action<SqliteHandle> release) : SqlSession
{
    /// <summary>The interval at which a statement that exceeded its limit is interrupted, until it has ended.</summary>
    private static readonly TimeSpan InterruptPause = TimeSpan.FromMilliseconds(50);

    private readonly string reading = inTransaction ? StoreOperationNames.Locking : StoreOperationNames.Reading;
    private bool mustBegin = inTransaction;
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

    /// <summary>Runs work on a dedicated thread, in the transaction of the session if it has one.</summary>
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
            if (mustBegin)
            {
                handle.Execute(SqliteHandle.Begin);
                (mustBegin, open) = (false, true);
            }
            var result = work();
            metrics.Answered(operation, begun);
            return result;
        }
        catch (SqliteException e)
        {
            // If the caller has stopped waiting, it has received the timeout, which has been counted.
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
        _ = task.ContinueWith(
            static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        handle.Interrupt();
    }

    private void ThrowIfAbandoned()
    {
        if (isAbandoned)
            throw new OperationCanceledException();
    }

    private async Task InterruptAndEndAsync()
    {
        // The interrupt is repeated, because an interrupt between two statements has no effect.
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
            // After some errors the transaction has already been rolled back.
            return false;
        }
    }
}
