namespace Porthor.Quotas;

/// <summary>Counts within this process: for deployments that have no Redis. A restart begins all windows anew.</summary>
public sealed class LocalRateCounter(TimeProvider clock) : IRateCounter
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly Dictionary<RateKey, (long Count, DateTimeOffset End)> windows = [];
    private DateTimeOffset swept;

    public Task<RateCount> CountAsync(RateKey key, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        lock (gate)
        {
            Sweep(now);
            var (count, end) = windows.TryGetValue(key, out var open) && open.End > now ? open : (0, now + Window);
            windows[key] = (++count, end);
            return Task.FromResult(new RateCount(count, end - now));
        }
    }

    /// <summary>Once a window, what ended is forgotten, so that what is held is bounded by the requests of two.</summary>
    private void Sweep(DateTimeOffset now)
    {
        if (now - swept < Window)
            return;
        swept = now;
        foreach (var (key, window) in windows)
        {
            if (window.End <= now)
                windows.Remove(key);
        }
    }
}
