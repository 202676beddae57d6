using Porthor.Quotas;

namespace Porthor.Redis;

/// <summary>The quota overrides in the persistent database, under the reference's key and in plain JSON (contract/storage.md 3.4).</summary>
public sealed class RedisQuotaOverrideStore(RedisServer server) : IQuotaOverrideStore
{
    private const string Key = "quota-overrides";

    /// <returns>An empty array, which is not JSON, if the key holds a value of another type.</returns>
    public async Task<byte[]?> GetOverridesAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (byte[]?)await server.CallAsync("reading quota overrides", db => db.StringGetAsync(Key), cancellationToken);
        }
        catch (StoreUnavailableException e) when (e.InnerException?.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal) == true)
        {
            return [];
        }
    }

    public Task SetOverridesAsync(byte[] json, CancellationToken cancellationToken) =>
        server.CallAsync("writing quota overrides", db => db.StringSetAsync(Key, json), cancellationToken);

    public Task<bool> DeleteOverridesAsync(CancellationToken cancellationToken) =>
        server.CallAsync("deleting quota overrides", db => db.KeyDeleteAsync(Key), cancellationToken);
}
