using Porthor.Storage;

namespace Porthor.Quotas;

/// <summary>
/// Counts requests within this process, for deployments without a shared counter. A restart resets all counters. The windows are measured
/// with monotonic timestamps, so that a change of the system time does not change their length.
/// </summary>
public sealed class LocalRateCounter(TimeProvider clock) : IRateCounter
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock sync = new();
    private readonly Dictionary<RateKey, (long Count, long Begun)> windows = [];
    private long swept = clock.GetTimestamp();

    /// <inheritdoc/>
    public Task<RateCount> CountAsync(RateKey key, CancellationToken cancellationToken)
    {
        lock (sync)
        {
            var now = clock.GetTimestamp();
            Sweep(now);
            var (count, begun) = windows.TryGetValue(key, out var open) && !HasEnded(open.Begun, now) ? open : (0, now);
            windows[key] = (++count, begun);
            return Task.FromResult(new RateCount(count, Window - clock.GetElapsedTime(begun, now)));
        }
    }

    private bool HasEnded(long begun, long now) => clock.GetElapsedTime(begun, now) >= Window;

    /// <summary>
    /// Removes windows that have ended, once per window, so that the number of entries is limited by the number of requests in two
    /// windows.
    /// </summary>
    private void Sweep(long now)
    {
        if (!HasEnded(swept, now))
            return;
        swept = now;
        foreach (var (key, window) in windows)
        {
            if (HasEnded(window.Begun, now))
                windows.Remove(key);
        }
    }
}
