using BitFaster.Caching.Lru;

namespace Porthor.Events;

internal static class WatchedCaches
{
    /// <summary>A cache whose hits and misses are measured; it counts them in any case.</summary>
    public static ConcurrentLru<TKey, TValue> Watched<TKey, TValue>(this PorthorMetrics metrics, string name, ConcurrentLru<TKey, TValue> cache)
        where TKey : notnull
    {
        if (cache.Metrics.Value is { } counts)
            metrics.Stores.Watch(name, () => (counts.Hits, counts.Misses));
        return cache;
    }
}
