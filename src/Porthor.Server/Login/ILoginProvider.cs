using System.Buffers.Text;
using System.Security.Cryptography;
using Porthor.Identity;
using Porthor.Secrets;

namespace Porthor.Server.Login;

/// <summary>
/// Who tells who somebody is: an OpenID Connect provider, GitHub, or this service itself. The browser is sent there, and comes
/// back with a code that is good for one identity.
/// </summary>
internal interface ILoginProvider
{
    /// <summary>A new attempt, with the proofs that this provider can be asked for.</summary>
    Task<LoginAttempt> PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Where the browser is sent. The same attempt may be sent more than once, from several tabs.</summary>
    string AddressFor(LoginAttempt attempt);

    /// <summary>Turns the code that the browser brought back into who the user is.</summary>
    /// <exception cref="LoginFailedException">The provider did not say, or who it named cannot be let in.</exception>
    Task<LoginIdentity> RedeemAsync(string code, LoginAttempt attempt, CancellationToken cancellationToken);

    /// <summary>Gives back what the provider handed out for a user. That it could not be is logged and no more.</summary>
    Task RevokeAsync(Secret providerToken, CancellationToken cancellationToken);
}

/// <summary>A login under way, as the state cookie keeps it while the browser is with the provider.</summary>
/// <param name="State">Comes back with the code, and proves that this browser began.</param>
internal sealed record LoginAttempt(string State)
{
    /// <summary>What the ID token must repeat; null if it was not sent.</summary>
    public string? Nonce { get; init; }

    /// <summary>What redeems the code beside the code itself (RFC 7636); null if its hash was not sent.</summary>
    public Secret? Verifier { get; init; }

    /// <summary>128 random bits, in the reference's form: with padding.</summary>
    public static LoginAttempt Create() => new(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)) + "==");

    public override string ToString() => "***";
}

/// <summary>Who a provider says that somebody is.</summary>
/// <param name="UserData">What is to be stored with the session; what it lacks is looked up when it is needed.</param>
/// <param name="ProviderToken">What the provider is told at logout, to revoke it; null if there is nothing to revoke.</param>
internal sealed record LoginIdentity(string Username, UserData UserData, Secret? ProviderToken = null)
{
    /// <summary>Groups without an id from the provider. Porthor assigns the ids.</summary>
    public IReadOnlyList<string> NumberlessGroups { get; init; } = [];
}
