using System.Diagnostics.CodeAnalysis;

namespace Porthor.Concurrency;

/// <summary>
/// Runs an operation at most once at a time. Callers that request its result while it runs share this run. A successful result can be
/// cached for some time. A failure is not cached, except during <see cref="RetryPause"/>.
/// </summary>
/// <param name="operation">
/// Starts the operation, on the thread of the first caller. The operation must have its own time limit, because it continues when callers
/// stop waiting.
/// </param>
/// <param name="freshness">
/// The time from the start of a run for which its result is returned. If it is zero, only the callers that waited for a run get its
/// result. If it is <see cref="Timeout.InfiniteTimeSpan"/>, the result is always returned.
/// </param>
/// <param name="clock">The clock that measures these times.</param>
public sealed class SharedOperation<T>(Func<Task<T>> operation, TimeSpan freshness, TimeProvider clock)
{
    private Run? latest;

    /// <summary>
    /// True if callers do not share a run that began before the freshness time, so that no result is older than this time. A new run then
    /// begins while the old one continues. The default is false: callers share the current run regardless of its age.
    /// </summary>
    public bool JoinsOnlyFreshRuns { get; init; }

    /// <summary>
    /// The time from the end of a failed run for which callers receive its failure instead of starting a new run. The default is zero.
    /// </summary>
    public TimeSpan RetryPause { get; init; }

    /// <summary>Returns the cached result, or the result of the current run. Starts a run if there is none.</summary>
    /// <param name="cancellationToken">Ends the wait of this caller. The run continues.</param>
    /// <exception cref="Exception">The operation failed and threw this exception, or the caller stopped waiting.</exception>
    public Task<T> GetAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var known = Volatile.Read(ref latest);
            if (known is not null && IsUsable(known))
                return known.Shared.Result.WaitAsync(cancellationToken);
            var own = new Run(clock.GetTimestamp());
            // If another thread has started a run at the same time, this caller shares that run.
            if (!ReferenceEquals(Interlocked.CompareExchange(ref latest, own, known), known))
                continue;
            _ = StartAsync(own);
            return own.Shared.Result.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Gets the cached result without waiting. Returns false if there is none, or if it is no longer fresh.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T result)
    {
        result = default;
        if (Volatile.Read(ref latest) is not { Shared.Result.IsCompletedSuccessfully: true } known || !IsFresh(known))
            return false;
        result = known.Shared.Result.Result;
        return true;
    }

    /// <summary>Removes the cached result. The next caller starts a new run, even if one is in progress.</summary>
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
