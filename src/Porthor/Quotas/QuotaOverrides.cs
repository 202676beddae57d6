using Microsoft.Extensions.Logging;

namespace Porthor.Quotas;

/// <summary>Where the overrides' JSON is kept: beside the records, in the form the reference reads (contract/storage.md 3.4).</summary>
public interface IQuotaOverrideStore
{
    /// <summary>Null if none are set.</summary>
    Task<byte[]?> GetOverridesAsync(CancellationToken cancellationToken);

    Task SetOverridesAsync(byte[] json, CancellationToken cancellationToken);

    /// <summary>False if none were set.</summary>
    Task<bool> DeleteOverridesAsync(CancellationToken cancellationToken);
}

/// <summary>The quotas that administrators set at run time, over the configured ones.</summary>
public sealed partial class QuotaOverrides(IQuotaOverrideStore store, ILogger<QuotaOverrides> logger)
{
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
            return null;
        }
    }

    public async Task SetAsync(QuotaPlan plan, CancellationToken cancellationToken = default)
    {
        await store.SetOverridesAsync(QuotaJson.Write(plan), cancellationToken);
        Log.Updated(logger, plan);
    }

    /// <summary>False if there were none.</summary>
    public async Task<bool> DeleteAsync(CancellationToken cancellationToken = default)
    {
        if (await GetAsync(cancellationToken) is null || !await store.DeleteOverridesAsync(cancellationToken))
            return false;
        Log.Deleted(logger);
        return true;
    }

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
