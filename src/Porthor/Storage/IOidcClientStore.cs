namespace Porthor.Storage;

/// <summary>Represents a registered client of the OpenID Connect provider (contract/storage.md 2.2).</summary>
/// <param name="ClientId">The client ID.</param>
/// <param name="SecretHash">The bcrypt hash of the client secret, as ASCII text.</param>
/// <param name="ReturnUri">The redirect URI.</param>
/// <param name="Description">The description.</param>
/// <param name="Notes">Notes of the administrators; null if there are none.</param>
/// <param name="Created">The time of creation, in whole microseconds.</param>
/// <param name="LastModified">The time of the last change, in whole microseconds.</param>
/// <param name="LastModifiedBy">The user who made the last change.</param>
public sealed record OidcClient(
    string ClientId, byte[] SecretHash, string ReturnUri, string Description, string? Notes,
    DateTimeOffset Created, DateTimeOffset LastModified, string LastModifiedBy);

/// <summary>Stores the clients of the OpenID Connect provider.</summary>
public interface IOidcClientStore
{
    /// <summary>Returns all clients, ordered by client ID.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond.</exception>
    Task<IReadOnlyList<OidcClient>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Returns a client; null if it is not registered.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond.</exception>
    Task<OidcClient?> FindAsync(string clientId, CancellationToken cancellationToken);

    /// <summary>Adds clients, all or none.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond, or the result is unknown.</exception>
    Task AddAsync(IReadOnlyList<OidcClient> clients, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the redirect URI, the description, the notes and the data about the last change. The secret and the time of creation are
    /// not changed.
    /// </summary>
    /// <returns>The changed client; null if it is not registered.</returns>
    /// <exception cref="StoreUnavailableException">The store did not respond, or the result is unknown.</exception>
    Task<OidcClient?> UpdateAsync(
        string clientId, string returnUri, string description, string? notes, DateTimeOffset modified, string modifiedBy,
        CancellationToken cancellationToken);

    /// <summary>Removes a client. Does nothing if it is not registered.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond, or the result is unknown.</exception>
    Task DeleteAsync(string clientId, CancellationToken cancellationToken);
}
