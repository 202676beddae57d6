using Microsoft.Extensions.Logging;
using Porthor.Storage;

namespace Porthor.Quotas;

/// <summary>Reads and changes the quotas that administrators set at run time, and that override the configured ones.</summary>
public sealed partial class QuotaOverrides(IQuotaOverrideStore store, TimeProvider clock, ILogger<QuotaOverrides> logger)
{
    /// <summary>The time for which the overrides are cached for forward authentication.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private Reading? latest;

    /// <summary>Called if the stored overrides cannot be read.</summary>
    public Action<FormatException>? Damaged { get; init; }

    /// <summary>
    /// Returns the overrides, which may be <see cref="Freshness"/> old; null if none are set or they cannot be read. Concurrent calls
    /// share one read. A failed read is not cached.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store did not respond.</exception>
    public ValueTask<QuotaPlan?> GetRecentAsync(CancellationToken cancellationToken = default)
    {
        var reading = Latest();
        return reading.IsCompletedSuccessfully ? new(reading.Result) : new(reading.WaitAsync(cancellationToken));
    }

    /// <summary>Returns the current overrides; null if none are set, or if they cannot be read. The latter is logged.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond.</exception>
    public async Task<QuotaPlan?> GetAsync(CancellationToken cancellationToken = default)
    {
        if (await store.GetOverridesAsync(cancellationToken) is not { } json)
            return null;
        try
        {
            return QuotaJson.Read(json);
        }
        catch (FormatException e)
        {
            Log.Unreadable(logger, e.Message, e);
            Damaged?.Invoke(e);
            return null;
        }
    }

    /// <summary>Replaces the overrides.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond. The overrides may have been replaced.</exception>
    public async Task SetAsync(QuotaPlan plan, CancellationToken cancellationToken = default)
    {
        await store.SetOverridesAsync(QuotaJson.Write(plan), cancellationToken);
        Volatile.Write(ref latest, null);
        Log.Updated(logger, plan);
    }

    /// <summary>Deletes the overrides, even if they cannot be read. Returns false if none were set.</summary>
    public async Task<bool> DeleteAsync(CancellationToken cancellationToken = default)
    {
        if (!await store.DeleteOverridesAsync(cancellationToken))
            return false;
        Volatile.Write(ref latest, null);
        Log.Deleted(logger);
        return true;
    }

    /// <summary>Returns the cached overrides like <see cref="GetRecentAsync"/>. Returns false if they would have to be read.</summary>
    public bool TryGetRecent(out QuotaPlan? plan)
    {
        plan = null;
        if (Volatile.Read(ref latest) is not { Plan.IsCompletedSuccessfully: true } known || clock.GetElapsedTime(known.Begun) >= Freshness)
            return false;
        plan = known.Plan.Result;
        return true;
    }

    /// <summary>
    /// Returns the cached read, or starts a new one. If another thread starts one at the same time, the method returns that one.
    /// </summary>
    private Task<QuotaPlan?> Latest()
    {
        while (true)
        {
            var known = Volatile.Read(ref latest);
            if (known is not null && clock.GetElapsedTime(known.Begun) < Freshness && !known.Plan.IsFaulted && !known.Plan.IsCanceled)
                return known.Plan;
            var source = new TaskCompletionSource<QuotaPlan?>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!ReferenceEquals(Interlocked.CompareExchange(ref latest, new Reading(clock.GetTimestamp(), source.Task), known), known))
                continue;
            _ = ReadIntoAsync(source);
            return source.Task;
        }
    }

    private async Task ReadIntoAsync(TaskCompletionSource<QuotaPlan?> source)
    {
        try
        {
            source.SetResult(await GetAsync(CancellationToken.None));
        }
        catch (Exception e)
        {
            source.SetException(e);
            // Reading the exception marks it as observed, even if no caller waits for the result.
            _ = source.Task.Exception;
        }
    }

    /// <summary>Represents a read of the overrides.</summary>
    /// <param name="Begun">The time at which the read began, as a timestamp of the clock.</param>
    /// <param name="Plan">The result.</param>
    private sealed record Reading(long Begun, Task<QuotaPlan?> Plan);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Cannot retrieve quota overrides")]
        public static partial void Unreadable(ILogger logger, string error, Exception exception);

        [LoggerMessage(Level = LogLevel.Information, Message = "Updated quota overrides")]
        public static partial void Updated(ILogger logger, QuotaPlan quotaOverrides);

        [LoggerMessage(Level = LogLevel.Information, Message = "Deleted quota overrides")]
        public static partial void Deleted(ILogger logger);
    }
}
