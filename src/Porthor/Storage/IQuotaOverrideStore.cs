namespace Porthor.Storage;

/// <summary>Where the overrides' JSON is kept: beside the records, in the form the reference reads (contract/storage.md 3.4).</summary>
public interface IQuotaOverrideStore
{
    /// <summary>Null if none are set.</summary>
    Task<byte[]?> GetOverridesAsync(CancellationToken cancellationToken);

    Task SetOverridesAsync(byte[] json, CancellationToken cancellationToken);

    /// <summary>False if none were set.</summary>
    Task<bool> DeleteOverridesAsync(CancellationToken cancellationToken);
}
