using BitFaster.Caching.Lru;
using Porthor.Concurrency;
using Porthor.Identity;

namespace Porthor.Users;

/// <summary>
/// Remembers answers of the directory, the most recently used of them, each for its life, and, while the directory is away,
/// for the grace after it. Who asks for the same at the same time shares one question. Failures are not remembered.
/// </summary>
internal sealed class StaleTolerantCache<TKey, TValue>(TimeSpan grace, DirectoryCircuitBreaker outage, TimeProvider clock)
    where TKey : notnull
{
    private const int Capacity = 1000;

    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);

    /// <summary>How long who can do without waits for an answer all the same.</summary>
    private static readonly TimeSpan OptionalAnswerTimeout = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentLru<TKey, Entry> entries = new(Capacity);
    private readonly SingleFlight<TKey, Entry> flights = new();
    private int generation;

    /// <summary>Null if the directory is away and was not needed.</summary>
    /// <param name="ask">Bounds its time itself; it goes on when a caller has given up.</param>
    /// <exception cref="UserDirectoryException">It cannot tell, and what it said before will not do.</exception>
    public async ValueTask<CachedValue<TValue>?> GetAsync(TKey key, Func<Task<TValue>> ask, FreshnessRequirement need, CancellationToken cancellationToken)
    {
        var entry = entries.TryGet(key, out var found) ? found : null;
        var age = entry is null ? TimeSpan.MaxValue : clock.GetElapsedTime(entry.Since);
        if (age < Life)
            return Fresh(entry!);
        var stale = age < Life + grace ? entry : null;
        if (need == FreshnessRequirement.Current || (need == FreshnessRequirement.Recent && stale is null))
            return Fresh(await AskAsync(key, ask, cancellationToken));

        if (outage.IsPaused)
            return Stale(stale);
        try
        {
            return Fresh(await AskAsync(key, ask, cancellationToken).WaitAsync(OptionalAnswerTimeout, cancellationToken));
        }
        catch (Exception e) when (e is TimeoutException or UserDirectoryException { IsAway: true })
        {
            outage.Begin();
            return Stale(stale);
        }
    }

    /// <summary>What is remembered, however old.</summary>
    public TValue? TryGetCached(TKey key) => entries.TryGet(key, out var entry) ? entry.Value : default;

    public void Forget(TKey key)
    {
        // Also what is being asked for at this moment is not to be remembered.
        Interlocked.Increment(ref generation);
        entries.TryRemove(key);
    }

    private Task<Entry> AskAsync(TKey key, Func<Task<TValue>> ask, CancellationToken cancellationToken) => flights.RunAsync(
        key,
        async () =>
        {
            var begun = Volatile.Read(ref generation);
            var entry = new Entry(await ask(), clock.GetTimestamp());
            outage.End();
            if (begun == Volatile.Read(ref generation))
                entries.AddOrUpdate(key, entry);
            return entry;
        },
        cancellationToken);

    private CachedValue<TValue> Fresh(Entry entry) => new(entry.Value, entry.Since + (long)(Life.TotalSeconds * clock.TimestampFrequency));

    /// <summary>Good until the directory is tried again.</summary>
    private CachedValue<TValue>? Stale(Entry? entry) => entry is null ? null : new(entry.Value, outage.PauseEnd);

    private sealed record Entry(TValue Value, long Since);
}
