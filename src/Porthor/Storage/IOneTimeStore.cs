namespace Porthor.Storage;

/// <summary>
/// Stores short-lived values that can be used once, shared by all nodes of a deployment. Adding and taking are atomic: if several nodes do
/// the same at the same time, exactly one succeeds.
/// </summary>
/// <remarks>
/// The store does not encrypt names or values. A caller that derives a name from a secret passes its hash, and encrypts a secret value.
/// </remarks>
public interface IOneTimeStore
{
    /// <summary>Adds a value, unless an unexpired value of this name exists.</summary>
    /// <param name="name">At most 200 characters, with a prefix that names its use, such as <c>login:</c>.</param>
    /// <param name="value">May be empty.</param>
    /// <param name="lifetime">After this time the value counts as absent, and is removed. More than zero.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>False if an unexpired value of this name exists.</returns>
    /// <exception cref="StoreUnavailableException">The store did not respond. The value may have been added.</exception>
    Task<bool> TryAddAsync(string name, byte[] value, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>Returns a value and removes it. Returns null if it is absent, expired, or was taken before.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond. The value may have been removed.</exception>
    Task<byte[]?> TakeAsync(string name, CancellationToken cancellationToken);

    /// <summary>Returns true if an unexpired value of this name exists.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond.</exception>
    Task<bool> ContainsAsync(string name, CancellationToken cancellationToken);
}
