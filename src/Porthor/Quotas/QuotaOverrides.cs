using Microsoft.Extensions.Logging;
using Porthor.Concurrency;
using Porthor.Storage;

namespace Porthor.Quotas;

/// <summary>Reads and changes the quotas that administrators set at run time. They override the configured quotas.</summary>
public sealed partial class QuotaOverrides
{
    /// <summary>The time for which the overrides are cached for forward authentication.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private readonly IQuotaOverrideStore store;
    private readonly ILogger<QuotaOverrides> logger;
    private readonly SharedOperation<QuotaPlan?> recent;

    /// <summary>Initializes an instance. The overrides are read when they are first needed.</summary>
    /// <param name="store">The store of the overrides.</param>
    /// <param name="clock">The clock that measures the age of the cached overrides.</param>
    /// <param name="logger">The logger.</param>
    public QuotaOverrides(IQuotaOverrideStore store, TimeProvider clock, ILogger<QuotaOverrides> logger)
    {
        (this.store, this.logger) = (store, logger);
        recent = new(() => GetAsync(CancellationToken.None), Freshness, clock) { JoinsOnlyFreshRuns = true };
    }

    /// <summary>Called if the stored overrides are not valid; null for no call.</summary>
    public Action<FormatException>? Damaged { get; init; }

    /// <summary>
    /// Returns the overrides, which may have been read up to <see cref="Freshness"/> ago. Returns null if none are set, or if the stored
    /// value is not valid. Concurrent calls share one read. A failed read is not cached.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store did not respond.</exception>
    public ValueTask<QuotaPlan?> GetRecentAsync(CancellationToken cancellationToken = default) =>
        recent.TryGet(out var plan) ? new(plan) : new(recent.GetAsync(cancellationToken));

    /// <summary>Returns the current overrides; null if none are set, or if the stored value is not valid, which is logged.</summary>
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
        recent.Reset();
        Log.Updated(logger, plan);
    }

    /// <summary>Deletes the overrides, even if the stored value is not valid. Returns false if none were set.</summary>
    public async Task<bool> DeleteAsync(CancellationToken cancellationToken = default)
    {
        if (!await store.DeleteOverridesAsync(cancellationToken))
            return false;
        recent.Reset();
        Log.Deleted(logger);
        return true;
    }

    /// <summary>Gets the cached overrides of <see cref="GetRecentAsync"/>. Returns false if they are not cached or are too old.</summary>
    public bool TryGetRecent(out QuotaPlan? plan) => recent.TryGet(out plan);

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
