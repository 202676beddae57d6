using BitFaster.Caching.Lru;

namespace Porthor.Storage;

/// <summary>Creates caches that report their hits and misses.</summary>
internal static class ObservedCaches
{
    /// <summary>Creates a cache of limited size whose hits and misses are measured.</summary>
    public static ConcurrentLru<TKey, TValue> CreateCache<TKey, TValue>(this ITokenStoreObserver observer, string name, int capacity)
        where TKey : notnull
    {
        var cache = new ConcurrentLru<TKey, TValue>(capacity);
        if (cache.Metrics.Value is { } counts)
            observer.CacheCreated(name, () => (counts.Hits, counts.Misses));
        return cache;
    }
}
