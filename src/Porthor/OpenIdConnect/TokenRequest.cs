using Porthor.Secrets;

namespace Porthor.OpenIdConnect;

/// <summary>Represents a request to the token endpoint (contract/oidc-server.md 7.1). Empty parameters count as not given.</summary>
public sealed record TokenRequest
{
    /// <summary>The parameter <c>grant_type</c>; null if it was not given.</summary>
    public string? GrantType { get; init; }

    /// <summary>The client ID; null if it was not given.</summary>
    public string? ClientId { get; init; }

    /// <summary>The client secret; null if it was not given.</summary>
    public Secret? ClientSecret { get; init; }

    /// <summary>The text of the authorization code, which is secret; null if it was not given.</summary>
    public Secret? Code { get; init; }

    /// <summary>The parameter <c>redirect_uri</c>; null if it was not given.</summary>
    public string? RedirectUri { get; init; }
}

/// <summary>Represents the tokens for an authorization code.</summary>
/// <param name="AccessToken">The access token.</param>
/// <param name="IdToken">The ID token, a signed JSON web token.</param>
/// <param name="ExpiresIn">The seconds until the ID token expires.</param>
/// <param name="Scope">The granted scopes, separated by blanks.</param>
public sealed record IssuedTokens(Tokens.Token AccessToken, Secret IdToken, long ExpiresIn, string Scope);

/// <summary>Represents the answer to a request to the token endpoint: tokens or an error.</summary>
/// <param name="Tokens">The tokens; null if there is an error.</param>
/// <param name="Error">The error; null if there are tokens.</param>
public sealed record TokenAnswer(IssuedTokens? Tokens, OAuthError? Error);
