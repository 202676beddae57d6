using BitFaster.Caching.Lru;
using Porthor.Concurrency;
using Porthor.Identity;

namespace Porthor.Users;

/// <summary>
/// Caches the most recently used results of directory queries for their lifetime and, while the directory is unavailable, for a grace
/// period after it. Concurrent requests for the same key share one query. Failures are not cached.
/// </summary>
internal sealed class StaleTolerantCache<TKey, TValue>(TimeSpan grace, DirectoryCircuitBreaker circuitBreaker, TimeProvider clock)
    where TKey : notnull
{
    private const int Capacity = 1000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>The time for which a request waits for a value that it does not require.</summary>
    private static readonly TimeSpan OptionalAnswerTimeout = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentLru<TKey, Entry> entries = new(Capacity);
    private readonly SingleFlight<TKey, Entry> flights = new();
    private int generation;

    /// <summary>
    /// Returns the value of a key, from the cache or from the directory. Returns null if the value is not required and the directory is
    /// unavailable.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="query">Queries the directory. It has its own time limit, and continues if a caller stops waiting.</param>
    /// <param name="requirement">Specifies which values are sufficient.</param>
    /// <param name="cancellationToken">Ends the wait of this caller.</param>
    /// <exception cref="UserDirectoryException">
    /// The directory did not respond or returned an invalid entry, and a cached value is not sufficient.
    /// </exception>
    public async ValueTask<CachedValue<TValue>?> GetAsync(
        TKey key, Func<Task<TValue>> query, FreshnessRequirement requirement, CancellationToken cancellationToken)
    {
        var entry = entries.TryGet(key, out var found) ? found : null;
        var age = entry is null ? TimeSpan.MaxValue : clock.GetElapsedTime(entry.Since);
        if (age < Lifetime)
            return Fresh(entry!);
        var stale = age < Lifetime + grace ? entry : null;
        if (requirement == FreshnessRequirement.Current || (requirement == FreshnessRequirement.Recent && stale is null))
            return Fresh(await QueryAsync(key, query, cancellationToken));

        if (circuitBreaker.IsPaused)
            return Stale(stale);
        try
        {
            return Fresh(await QueryAsync(key, query, cancellationToken).WaitAsync(OptionalAnswerTimeout, cancellationToken));
        }
        catch (Exception e) when (e is TimeoutException or UserDirectoryException { IsUnavailable: true })
        {
            circuitBreaker.Begin();
            return Stale(stale);
        }
    }

    /// <summary>Returns the cached value, however old it is; the default value of the type if there is none.</summary>
    public TValue? TryGetCached(TKey key) => entries.TryGet(key, out var entry) ? entry.Value : default;

    public void Remove(TKey key)
    {
        // A query that is in progress must not add its result to the cache.
        Interlocked.Increment(ref generation);
        entries.TryRemove(key);
    }

    private Task<Entry> QueryAsync(TKey key, Func<Task<TValue>> query, CancellationToken cancellationToken) => flights.RunAsync(
        key,
        async () =>
        {
            var begun = Volatile.Read(ref generation);
            var entry = new Entry(await query(), clock.GetTimestamp());
            circuitBreaker.End();
            if (begun == Volatile.Read(ref generation))
                entries.AddOrUpdate(key, entry);
            return entry;
        },
        cancellationToken);

    private CachedValue<TValue> Fresh(Entry entry) =>
        new(entry.Value, entry.Since + (long)(Lifetime.TotalSeconds * clock.TimestampFrequency));

    /// <summary>Returns a value that is valid until the pause of the circuit breaker ends.</summary>
    private CachedValue<TValue>? Stale(Entry? entry) => entry is null ? null : new(entry.Value, circuitBreaker.PauseEnd);

    private sealed record Entry(TValue Value, long Since);
}
