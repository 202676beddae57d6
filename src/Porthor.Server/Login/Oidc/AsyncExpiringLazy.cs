using Porthor.Concurrency;

namespace Porthor.Server.Login.Oidc;

/// <summary>
/// Caches a value of the provider that rarely changes. The first caller fetches the value, and concurrent callers wait for the result. A
/// failure is not cached.
/// </summary>
internal sealed class AsyncExpiringLazy<T>(Func<Task<T>> fetch, TimeSpan keptFor, TimeProvider clock)
    where T : class
{
    /// <summary>
    /// The maximum number of early fetches within <see cref="EarlyWindow"/>. A fetch is early if a caller reports that the cached value is
    /// outdated.
    /// </summary>
    public const int MaxEarlyFetches = 5;

    public static readonly TimeSpan EarlyWindow = TimeSpan.FromMinutes(1);

    private readonly Lock sync = new();
    /// <summary>The timestamps of the clock at which the latest early fetches began.</summary>
    private readonly Queue<long> earlyFetches = new();

    // The fetch does not use the cancellation token of a caller, because other callers may wait for it.
    private readonly SharedOperation<T> value = new(fetch, keptFor, clock) { JoinsOnlyFreshRuns = true };

    /// <summary>Returns the cached value, or fetches it.</summary>
    /// <param name="otherThan">
    /// An outdated value; null if there is none. If it is the cached value, the value is fetched again, at most <see
    /// cref="MaxEarlyFetches"/> times in <see cref="EarlyWindow"/>.
    /// </param>
    public Task<T> GetAsync(T? otherThan, CancellationToken cancellationToken)
    {
        if (otherThan is null)
            return value.GetAsync(cancellationToken);
        // Of the callers that found the same value outdated, one discards it.
        lock (sync)
        {
            if (value.TryGet(out var current) && ReferenceEquals(current, otherThan) && MayFetchEarly())
                value.Reset();
            return value.GetAsync(cancellationToken);
        }
    }

    private bool MayFetchEarly()
    {
        while (earlyFetches.TryPeek(out var first) && clock.GetElapsedTime(first) >= EarlyWindow)
            earlyFetches.Dequeue();
        if (earlyFetches.Count >= MaxEarlyFetches)
            return false;
        earlyFetches.Enqueue(clock.GetTimestamp());
        return true;
    }
}
