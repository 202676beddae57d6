namespace Porthor.Storage;

/// <summary>
/// Stores short-lived values that can be used once. All nodes of a deployment share them. Adding and taking are atomic: if several nodes
/// add or take the same value at the same time, exactly one of them succeeds.
/// </summary>
/// <remarks>
/// The store does not encrypt names or values. If a name depends on a secret, the caller passes the hash of the secret. If a value is
/// secret, the caller encrypts it.
/// </remarks>
public interface IOneTimeStore
{
    /// <summary>Adds a value, unless an unexpired value of this name exists.</summary>
    /// <param name="name">The name: at most 200 characters, with a prefix that identifies its purpose, for example <c>login:</c>.</param>
    /// <param name="value">The value. It may be empty.</param>
    /// <param name="lifetime">The time after which the value expires and is removed. It must be greater than zero.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>False if an unexpired value of this name exists.</returns>
    /// <exception cref="StoreUnavailableException">The store did not respond. The value may have been added.</exception>
    Task<bool> TryAddAsync(string name, byte[] value, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>Returns a value and removes it. Returns null if it is absent, expired, or was taken before.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond. The value may have been removed.</exception>
    Task<byte[]?> TakeAsync(string name, CancellationToken cancellationToken);

    /// <summary>Returns a value, which stays in the store. Returns null if it is absent, expired, or was taken.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond.</exception>
    Task<byte[]?> GetAsync(string name, CancellationToken cancellationToken);

    /// <summary>Returns true if an unexpired value of this name exists.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond.</exception>
    Task<bool> ContainsAsync(string name, CancellationToken cancellationToken);
}
