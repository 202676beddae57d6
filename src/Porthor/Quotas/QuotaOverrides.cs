using Microsoft.Extensions.Logging;
using Porthor.Storage;

namespace Porthor.Quotas;

/// <summary>The quotas that administrators set at run time, over the configured ones.</summary>
public sealed partial class QuotaOverrides(IQuotaOverrideStore store, TimeProvider clock, ILogger<QuotaOverrides> logger)
{
    /// <summary>For how long what was read is good enough to count requests by.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private Reading? latest;

    /// <summary>Told when what is stored cannot be read.</summary>
    public Action<FormatException>? Damaged { get; init; }

    /// <summary>
    /// The overrides as they are, or were on another node up to <see cref="Freshness"/> ago. Who asks meanwhile shares one
    /// read; a read that failed is not kept.
    /// </summary>
    public ValueTask<QuotaPlan?> GetRecentAsync(CancellationToken cancellationToken = default)
    {
        var reading = Latest();
        return reading.IsCompletedSuccessfully ? new(reading.Result) : new(reading.WaitAsync(cancellationToken));
    }

    /// <summary>Null if none are set, or what is stored cannot be read; the latter is logged.</summary>
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

    public async Task SetAsync(QuotaPlan plan, CancellationToken cancellationToken = default)
    {
        await store.SetOverridesAsync(QuotaJson.Write(plan), cancellationToken);
        Volatile.Write(ref latest, null);
        Log.Updated(logger, plan);
    }

    /// <summary>Deletes the overrides, also if they cannot be read. Returns false if none were set.</summary>
    public async Task<bool> DeleteAsync(CancellationToken cancellationToken = default)
    {
        if (!await store.DeleteOverridesAsync(cancellationToken))
            return false;
        Volatile.Write(ref latest, null);
        Log.Deleted(logger);
        return true;
    }

    /// <summary>As <see cref="GetRecentAsync"/>; false if something has to be waited for.</summary>
    public bool TryGetRecent(out QuotaPlan? plan)
    {
        plan = null;
        if (Volatile.Read(ref latest) is not { Plan.IsCompletedSuccessfully: true } known || clock.GetElapsedTime(known.Begun) >= Freshness)
            return false;
        plan = known.Plan.Result;
        return true;
    }

    /// <summary>The reading that is good enough, or else one that begins now. Who finds that another was quicker looks again.</summary>
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
            // Whether anybody waits for it or not.
            _ = source.Task.Exception;
        }
    }

    /// <param name="Begun">When reading began, by the clock's timestamps.</param>
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
