using Porthor.Storage;

namespace Porthor.Redis;

/// <summary>
/// Stores the quota overrides in the persistent database, under the key of the reference and as plain JSON (contract/storage.md 3.4).
/// </summary>
public sealed class RedisQuotaOverrideStore(RedisStore store) : IQuotaOverrideStore
{
    private const string Key = "quota-overrides";

    // A script, because the driver must not send SET (ServerCommands).
    private const string SetScript = "redis.call('SET', KEYS[1], ARGV[1])";

    /// <summary>Returns the JSON of the overrides; null if none are set.</summary>
    /// <returns>An empty array, which is not valid JSON, if the key has a value of another type.</returns>
    public async Task<byte[]?> GetOverridesAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (byte[]?)await store.CallAsync(
                "reading quota overrides", Key, db => RedisStore.ReadWithGetAsync(db, Key), cancellationToken);
        }
        catch (StoreUnavailableException e) when (e.InnerException?.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal) == true)
        {
            return [];
        }
    }

    /// <inheritdoc/>
    public Task SetOverridesAsync(byte[] json, CancellationToken cancellationToken) =>
        store.CallAsync("writing quota overrides", Key, db => db.ScriptEvaluateAsync(SetScript, [Key], [json]), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteOverridesAsync(CancellationToken cancellationToken) =>
        store.CallAsync("deleting quota overrides", Key, db => db.KeyDeleteAsync(Key), cancellationToken);
}
