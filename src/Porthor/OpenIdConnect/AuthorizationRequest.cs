namespace Porthor.OpenIdConnect;

/// <summary>Represents an authorization request (contract/oidc-server.md 5.1). Parameters that were not given are null.</summary>
/// <param name="ClientId">The client ID.</param>
/// <param name="RedirectUri">The redirect URI.</param>
public sealed record AuthorizationRequest(string ClientId, string RedirectUri)
{
    /// <summary>The parameter <c>response_type</c>.</summary>
    public string? ResponseType { get; init; }

    /// <summary>The parameter <c>scope</c>.</summary>
    public string? Scope { get; init; }

    /// <summary>The parameter <c>state</c>, which is returned unchanged.</summary>
    public string? State { get; init; }

    /// <summary>The parameter <c>nonce</c>.</summary>
    public string? Nonce { get; init; }
}

/// <summary>Represents the reason why an authorization request was refused.</summary>
/// <param name="Error">The error code.</param>
/// <param name="Description">The message for people. It repeats values of the request.</param>
/// <param name="Parameter">The invalid parameter in the words of the contract; null if the client gets the error with a redirect.</param>
public sealed record AuthorizationError(string Error, string Description, string? Parameter);

/// <summary>Represents the answer to an authorization request.</summary>
/// <param name="RedirectUrl">The URL to which the browser is redirected; null if it must not be redirected.</param>
/// <param name="Error">The reason of a refusal; null if a code was issued.</param>
public sealed record AuthorizationAnswer(string? RedirectUrl, AuthorizationError? Error);
