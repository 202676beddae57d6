using Porthor.Tokens;

namespace Porthor.Ingress;

/// <summary>The credential of a request: a token, an error, or neither if the request has no credentials.</summary>
/// <param name="Token">The token, which may be invalid; null if the request has none.</param>
/// <param name="Error">Why the credential of the request is not a token; null if it is one, or if there is none.</param>
/// <param name="HasSession">True if the session cookie contains a token, whether or not this is the credential.</param>
/// <param name="Source">The place of the token in the terms of the log; null without a token.</param>
public readonly record struct PresentedCredential(Token? Token, PorthorError? Error, bool HasSession, string? Source = null)
{
    /// <summary>The source of a token in the session cookie.</summary>
    public const string CookieSource = "cookie";

    /// <summary>The source of a token in an <c>Authorization</c> header of the scheme Bearer.</summary>
    public const string BearerSource = "bearer";

    /// <summary>
    /// True if browsers send the credential with every request to the host, also with those that a foreign page causes: cookies, and the
    /// credentials of HTTP Basic.
    /// </summary>
    public bool IsAmbient => Source is not null and not BearerSource;
}
