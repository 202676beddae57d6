using Porthor.Secrets;
using Porthor.Tokens;

namespace Porthor.Sessions;

/// <summary>Represents the content of a browser's state cookie (contract/login.md 1). Values of null are not written.</summary>
public sealed record SessionState
{
    /// <summary>The state of a browser without a session and without a login in progress.</summary>
    public static readonly SessionState Empty = new();

    /// <summary>
    /// Returns the CSRF value. A request that changes data must repeat it in a header or form field, to prove that it comes from one of
    /// Porthor's pages.
    /// </summary>
    public string? Csrf { get; init; }

    /// <summary>Returns the session token; null if the user is not logged in.</summary>
    public Token? Token { get; init; }

    /// <summary>Returns the GitHub access token, which is revoked at logout.</summary>
    public Secret? GitHub { get; init; }

    /// <summary>Returns the URL to which the browser is redirected after the login.</summary>
    public string? ReturnUrl { get; init; }

    /// <summary>Returns the <c>state</c> parameter of the authorization request in progress.</summary>
    public string? State { get; init; }

    /// <summary>Returns the time at which the login began.</summary>
    public DateTimeOffset? LoginStart { get; init; }

    /// <summary>
    /// Returns the nonce that the ID token must contain. The reference does not have this field and <see cref="Verifier"/>, and ignores
    /// them.
    /// </summary>
    public string? Nonce { get; init; }

    /// <summary>Returns the PKCE code verifier, which is sent with the authorization code.</summary>
    public Secret? Verifier { get; init; }

    /// <summary>Returns a copy without the values of a login in progress.</summary>
    public SessionState WithoutLogin() => this with { ReturnUrl = null, State = null, LoginStart = null, Nonce = null, Verifier = null };

    /// <summary>Returns asterisks, because most of the values are secret.</summary>
    public override string ToString() => "***";
}
