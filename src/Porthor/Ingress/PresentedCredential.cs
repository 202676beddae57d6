using Porthor.Tokens;

namespace Porthor.Ingress;

/// <summary>Represents the credential of a request: a token, an error, or neither if the request has no credentials.</summary>
/// <param name="Token">The token, which may be invalid; null if the request has none.</param>
/// <param name="Error">The error if the credential is not a token; null if it is a token, or if there is no credential.</param>
/// <param name="HasSession">True if the session cookie contains a token, even if the token of a header is used instead.</param>
/// <param name="Source">The value of <c>token_source</c> in the log; null if there is no token.</param>
public readonly record struct PresentedCredential(Token? Token, PorthorError? Error, bool HasSession, string? Source = null)
{
    /// <summary>The source of a token in the session cookie.</summary>
    public const string CookieSource = "cookie";

    /// <summary>The source of a token in an <c>Authorization</c> header of the scheme Bearer.</summary>
    public const string BearerSource = "bearer";

    /// <summary>
    /// True if browsers send the credential with every request to the host, including requests from pages of other sites: cookies and the
    /// credentials of HTTP Basic.
    /// </summary>
    public bool IsAmbient => Source is not null and not BearerSource;
}
