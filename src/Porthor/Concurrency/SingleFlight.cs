using System.Collections.Concurrent;

namespace Porthor.Concurrency;

/// <summary>
/// Runs work once for all callers that request the same key at the same time. The work must not use the cancellation token of a caller,
/// which only ends the wait of that caller. The result is not cached after the work has ended. <see cref="SharedOperation{T}"/> does the
/// same for an operation without a key.
/// </summary>
internal sealed class SingleFlight<TKey, TResult>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, SharedRun<TResult>> runs = new();

    /// <summary>Returns the result of the running work for a key, or starts the work.</summary>
    public Task<TResult> RunAsync(TKey key, Func<Task<TResult>> work, CancellationToken cancellationToken) =>
        RunAsync(key, work, out _, cancellationToken);

    /// <summary>Returns the result of the running work for a key, or starts the work.</summary>
    /// <param name="key">The key.</param>
    /// <param name="work">Starts the work.</param>
    /// <param name="joined">True if the work began before this call, so that its result may be older than the call.</param>
    /// <param name="cancellationToken">Ends the wait for the result.</param>
    public Task<TResult> RunAsync(TKey key, Func<Task<TResult>> work, out bool joined, CancellationToken cancellationToken)
    {
        var own = new SharedRun<TResult>();
        var run = runs.GetOrAdd(key, own);
        joined = run != own;
        if (!joined)
            _ = own.StartAsync(() => InBackgroundAsync(key, own, work));
        return run.Result.WaitAsync(cancellationToken);
    }

    private async Task<TResult> InBackgroundAsync(TKey key, SharedRun<TResult> run, Func<Task<TResult>> work)
    {
        // Returns to the first caller before the work starts, because the work may run synchronously.
        await Task.Yield();
        try
        {
            return await work();
        }
        finally
        {
            runs.TryRemove(new KeyValuePair<TKey, SharedRun<TResult>>(key, run));
        }
    }
}
