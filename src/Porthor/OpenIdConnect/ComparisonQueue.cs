namespace Porthor.OpenIdConnect;

/// <summary>
/// Runs slow comparisons on at most <paramref name="threads"/> threads. Comparisons of requests that present an existing code are made
/// first, so that requests without one cannot delay them.
/// </summary>
/// <param name="threads">The maximum number of comparisons at the same time.</param>
internal sealed class ComparisonQueue(int threads)
{
    /// <summary>The maximum number of waiting comparisons of requests with an existing code.</summary>
    public const int MaxPreferred = 256;

    /// <summary>The maximum number of waiting comparisons of other requests.</summary>
    public const int MaxOthers = 16;

    private readonly Lock sync = new();
    private readonly Queue<Action> preferred = [];
    private readonly Queue<Action> others = [];
    private int running;

    /// <summary>Adds a comparison, which must not throw. Returns false if too many are waiting.</summary>
    public bool TryAdd(Action comparison, bool isPreferred)
    {
        lock (sync)
        {
            var (queue, limit) = isPreferred ? (preferred, MaxPreferred) : (others, MaxOthers);
            if (queue.Count >= limit)
                return false;
            queue.Enqueue(comparison);
            if (running >= threads)
                return true;
            running++;
        }
        ThreadPool.UnsafeQueueUserWorkItem(static queue => queue.RunAll(), this, preferLocal: false);
        return true;
    }

    private void RunAll()
    {
        while (TryTake() is { } comparison)
            comparison();
    }

    private Action? TryTake()
    {
        lock (sync)
        {
            if (preferred.TryDequeue(out var next) || others.TryDequeue(out next))
                return next;
            running--;
            return null;
        }
    }
}
