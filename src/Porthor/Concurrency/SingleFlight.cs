using System.Collections.Concurrent;

namespace Porthor.Concurrency;

/// <summary>
/// Does work once for all who ask for it at the same time. The work must not use a caller's cancellation; callers stop
/// waiting by their own. Nothing is remembered when it is done, whether it succeeded or not.
/// </summary>
internal sealed class SingleFlight<TKey, TResult>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Lazy<Task<TResult>>> flights = new();

    public Task<TResult> RunAsync(TKey key, Func<Task<TResult>> work, CancellationToken cancellationToken) =>
        RunAsync(key, work, out _, cancellationToken);

    /// <param name="joined">True if the work had begun before: what it brings may be older than this call.</param>
    public Task<TResult> RunAsync(TKey key, Func<Task<TResult>> work, out bool joined, CancellationToken cancellationToken)
    {
        var own = Begin(key, work);
        var flight = flights.GetOrAdd(key, own);
        joined = flight != own;
        return flight.Value.WaitAsync(cancellationToken);
    }

    private Lazy<Task<TResult>> Begin(TKey key, Func<Task<TResult>> work)
    {
        Lazy<Task<TResult>> flight = null!;
        flight = new Lazy<Task<TResult>>(async () =>
        {
            // The first caller's thread goes on as a passenger like the others, also if the work never yields.
            await Task.Yield();
            try
            {
                return await work();
            }
            finally
            {
                flights.TryRemove(new KeyValuePair<TKey, Lazy<Task<TResult>>>(key, flight));
            }
        });
        return flight;
    }
}
