using System.Buffers.Text;
using System.Security.Cryptography;
using Porthor.Identity;
using Porthor.Secrets;

namespace Porthor.Server.Login;

/// <summary>
/// Identifies users: with an OpenID Connect provider, GitHub, or Porthor's own login form. The browser is redirected to the provider and
/// returns with a code that can be redeemed for one identity.
/// </summary>
internal interface ILoginProvider
{
    /// <summary>Creates a login attempt with the proofs that the provider supports (nonce, PKCE).</summary>
    Task<LoginAttempt> PrepareAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Returns the URL to which the browser is redirected. It may be called more than once for an attempt, because several tabs share it.
    /// </summary>
    string AddressFor(LoginAttempt attempt);

    /// <summary>Exchanges the code for the identity of the user.</summary>
    /// <exception cref="LoginFailedException">The provider did not identify the user, or the user is not allowed to log in.</exception>
    Task<LoginIdentity> RedeemAsync(string code, LoginAttempt attempt, CancellationToken cancellationToken);

    /// <summary>Revokes the access that the provider granted for a user. A failure is only logged.</summary>
    Task RevokeAsync(Secret providerToken, CancellationToken cancellationToken);
}

/// <summary>Represents a login in progress. The state cookie stores it while the browser is at the provider.</summary>
/// <param name="State">The state parameter. The provider returns it with the code, which proves that this browser began the login.</param>
internal sealed record LoginAttempt(string State)
{
    /// <summary>Gets the nonce that the ID token must contain; null if none was sent.</summary>
    public string? Nonce { get; init; }

    /// <summary>Gets the PKCE code verifier (RFC 7636); null if no code challenge was sent.</summary>
    public Secret? Verifier { get; init; }

    /// <summary>Creates an attempt with a state of 128 random bits, in the format of the reference: Base64 with padding.</summary>
    public static LoginAttempt Create() => new(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)) + "==");

    public override string ToString() => "***";
}

/// <summary>Represents a user as the provider identified them.</summary>
/// <param name="UserData">The data that is stored with the session. Missing data is looked up when it is needed.</param>
/// <param name="ProviderToken">The provider's token, which is revoked at logout; null if there is nothing to revoke.</param>
internal sealed record LoginIdentity(string Username, UserData UserData, Secret? ProviderToken = null)
{
    /// <summary>Gets the groups for which the provider sent no id. Porthor assigns the ids.</summary>
    public IReadOnlyList<string> NumberlessGroups { get; init; } = [];
}
