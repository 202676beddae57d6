using BitFaster.Caching.Lru;

namespace Porthor.OpenIdConnect;

/// <summary>
/// Limits the number of wrong client secrets, so that secrets cannot be guessed (RFC 6749 section 2.3.1): per client and source,
/// <see cref="Burst"/> failures at once, and then one in <see cref="Refill"/>. The counts are in the memory of this process, and only the
/// most recently used ones are kept.
/// </summary>
internal sealed class SecretFailures(TimeProvider clock)
{
    /// <summary>The number of failures before further attempts are refused.</summary>
    public const int Burst = 10;

    /// <summary>The time after which one more failure is allowed.</summary>
    public static readonly TimeSpan Refill = TimeSpan.FromSeconds(30);

    private const int MaxCounts = 10_000;

    private readonly ConcurrentLru<(string ClientId, string Source), Count> counts = new(MaxCounts);

    /// <summary>Returns the time until the next attempt is allowed; zero if it is allowed now.</summary>
    public TimeSpan WaitFor(string clientId, string source)
    {
        if (!counts.TryGet((clientId, source), out var count))
            return TimeSpan.Zero;
        lock (count)
        {
            var excess = Current(count) - (Burst - 1);
            return excess > 0 ? excess * Refill : TimeSpan.Zero;
        }
    }

    /// <summary>Counts a wrong secret.</summary>
    public void Add(string clientId, string source)
    {
        var count = counts.GetOrAdd((clientId, source), static (_, now) => new Count { Changed = now }, clock.GetTimestamp());
        lock (count)
        {
            count.Failures = Current(count) + 1;
            count.Changed = clock.GetTimestamp();
        }
    }

    private double Current(Count count) => Math.Max(0, count.Failures - (clock.GetElapsedTime(count.Changed) / Refill));

    private sealed class Count
    {
        /// <summary>The failures, reduced by the time since they happened.</summary>
        public double Failures { get; set; }

        /// <summary>The timestamp of the last change.</summary>
        public long Changed { get; set; }
    }
}
