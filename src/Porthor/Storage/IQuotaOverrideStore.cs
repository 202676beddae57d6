namespace Porthor.Storage;

/// <summary>Stores the quota overrides as JSON, in the format of the reference (contract/storage.md 3.4).</summary>
public interface IQuotaOverrideStore
{
    /// <summary>Returns the JSON of the overrides; null if none are set.</summary>
    Task<byte[]?> GetOverridesAsync(CancellationToken cancellationToken);

    /// <summary>Replaces the overrides.</summary>
    Task SetOverridesAsync(byte[] json, CancellationToken cancellationToken);

    /// <summary>Deletes the overrides. Returns false if none were set.</summary>
    Task<bool> DeleteOverridesAsync(CancellationToken cancellationToken);
}
