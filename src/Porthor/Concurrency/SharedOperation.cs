using System.Diagnostics.CodeAnalysis;

namespace Porthor.Concurrency;

/// <summary>
/// Runs an operation at most once at a time: callers that need its result while it runs share this run. A successful result can be kept
/// for some time. A failure is not kept, except for <see cref="RetryPause"/>.
/// </summary>
/// <param name="operation">
/// Starts the operation, on the thread of the first caller. It limits its own duration, because it continues when callers stop waiting.
/// </param>
/// <param name="freshness">
/// The time from the start of a run for which its result is returned; zero if each result is only for the callers that waited for it,
/// and <see cref="Timeout.InfiniteTimeSpan"/> if the result never changes.
/// </param>
/// <param name="clock">The clock that measures these times.</param>
public sealed class SharedOperation<T>(Func<Task<T>> operation, TimeSpan freshness, TimeProvider clock)
{
    private Run? latest;

    /// <summary>
    /// True if callers do not join a run that began longer ago than the freshness, so that no result is older than this. A new run begins
    /// beside the old one. The default is false: callers join a run of any age.
    /// </summary>
    public bool JoinsOnlyFreshRuns { get; init; }

    /// <summary>
    /// The time from the end of a failed run for which callers receive its failure instead of starting a new run. The default is zero.
    /// </summary>
    public TimeSpan RetryPause { get; init; }

    /// <summary>Returns the kept result, or the result of the current run, which is started if necessary.</summary>
    /// <param name="cancellationToken">Ends the wait of this caller. The run continues.</param>
    /// <exception cref="Exception">The operation failed; this is its exception. Or the caller stopped waiting.</exception>
    public Task<T> GetAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var known = Volatile.Read(ref latest);
            if (known is not null && IsUsable(known))
                return known.Shared.Result.WaitAsync(cancellationToken);
            var own = new Run(clock.GetTimestamp());
            // If another thread has started a run at the same time, this caller joins that one.
            if (!ReferenceEquals(Interlocked.CompareExchange(ref latest, own, known), known))
                continue;
            _ = StartAsync(own);
            return own.Shared.Result.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Returns the kept result without waiting. Returns false if there is none, or if it is no longer fresh.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T result)
    {
        result = default;
        if (Volatile.Read(ref latest) is not { Shared.Result.IsCompletedSuccessfully: true } known || !IsFresh(known))
            return false;
        result = known.Shared.Result.Result;
        return true;
    }

    /// <summary>Discards the kept result. The next caller starts a new run, even if one is in progress.</summary>
    public void Reset() => Volatile.Write(ref latest, null);

    /// <summary>Waits until the latest run has ended. Does not throw if it has failed.</summary>
    public async Task WhenIdleAsync()
    {
        if (Volatile.Read(ref latest) is { } run)
            await ((Task)run.Shared.Result).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private Task StartAsync(Run run) => run.Shared.StartAsync(async () =>
    {
        try
        {
            return await operation();
        }
        finally
        {
            run.Ended = clock.GetTimestamp();
        }
    });

    private bool IsUsable(Run run)
    {
        var result = run.Shared.Result;
        if (!result.IsCompleted)
            return !JoinsOnlyFreshRuns || IsFresh(run);
        return result.IsCompletedSuccessfully
            ? IsFresh(run)
            : RetryPause > TimeSpan.Zero && clock.GetElapsedTime(run.Ended) < RetryPause;
    }

    private bool IsFresh(Run run) => freshness == Timeout.InfiniteTimeSpan || clock.GetElapsedTime(run.Began) < freshness;

    private sealed class Run(long began)
    {
        public SharedRun<T> Shared { get; } = new();

        /// <summary>The timestamp of the clock at which the run began.</summary>
        public long Began => began;

        /// <summary>The timestamp of the clock at which the run ended. It is set before the result.</summary>
        public long Ended { get; set; }
    }
}
