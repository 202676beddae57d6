using Porthor.Secrets;
using Porthor.Storage;

namespace Porthor.OpenIdConnect;

/// <summary>
/// Stores authorization codes under the names <c>oidc:KEY</c>, encrypted with the session secret, so that nodes of the reference can redeem
/// codes of Porthor and Porthor can redeem theirs (contract/storage.md 3.5).
/// </summary>
public sealed class AuthorizationCodeStore(IOneTimeStore store, Fernet fernet, TimeProvider clock)
{
    /// <summary>The beginning of the names of all codes.</summary>
    public const string NamePrefix = "oidc:";

    /// <summary>Stores a code for <see cref="StoredAuthorization.CodeLifetime"/>.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond. The code must not be issued.</exception>
    public Task AddAsync(StoredAuthorization authorization, CancellationToken cancellationToken) => store.TryAddAsync(
        NameOf(authorization.Code), fernet.Encrypt(AuthorizationJson.Write(authorization)), StoredAuthorization.CodeLifetime,
        cancellationToken);

    /// <summary>Returns the data of a code; null if the store has none. The caller must compare the secret.</summary>
    /// <exception cref="UnreadableCodeException">The stored value cannot be decrypted or parsed.</exception>
    /// <exception cref="StoreUnavailableException">The store did not respond.</exception>
    public async Task<StoredAuthorization?> FindAsync(AuthorizationCode code, CancellationToken cancellationToken)
    {
        if (code.Halves is null || await store.GetAsync(NameOf(code), cancellationToken) is not { } value)
            return null;
        if (!fernet.TryDecrypt(value, out var json))
            throw new UnreadableCodeException(NameOf(code), "InvalidToken: ");
        try
        {
            return AuthorizationJson.Read(json, clock.GetUtcNow());
        }
        catch (FormatException e)
        {
            throw new UnreadableCodeException(NameOf(code), $"ValidationError: {e.Message}", e);
        }
    }

    /// <summary>Removes a code.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond.</exception>
    public Task RemoveAsync(AuthorizationCode code, CancellationToken cancellationToken) =>
        store.TakeAsync(NameOf(code), cancellationToken);

    private static string NameOf(AuthorizationCode code) => NamePrefix + code.Key;
}

/// <summary>Represents the stored data of an authorization code that cannot be read, because it was damaged or replaced.</summary>
public sealed class UnreadableCodeException(string name, string detail, Exception? cause = null)
    : Exception($"Cannot deserialize data for key {name}", cause)
{
    /// <summary>Returns the name under which the value is stored.</summary>
    public string Name { get; } = name;

    /// <summary>Returns the reason. It names fields, but contains no values.</summary>
    public string Detail { get; } = detail;
}
