using Porthor.Tokens;

namespace Porthor.Storage.Tests.StoreContracts;

internal static class RecordStoreSessions
{
    /// <summary>Replaces one record. Returns true if it was replaced.</summary>
    public static async Task<bool> ReplaceAsync(
        this IRecordStoreSession recordStore, TokenKey key, EncryptedRecord expected, EncryptedRecord replacement, DateTimeOffset? expires,
        CancellationToken cancellationToken) =>
        (await recordStore.ReplaceAsync([new RecordReplacement(key, expected, replacement, expires)], cancellationToken)).Count == 0;
}
