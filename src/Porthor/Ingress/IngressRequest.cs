using System.Net;

namespace Porthor.Ingress;

/// <summary>An authorization subrequest: the rule of the location, and what its answer depends on in the request of the user.</summary>
public sealed class IngressRequest
{
    /// <summary>
    /// The rule of the location; null if the rule is invalid. Credentials are checked first even then (contract/ingress.md 3).
    /// </summary>
    public required IngressRule? Rule { get; init; }

    /// <summary>How the user is asked for credentials.</summary>
    public required ChallengeType ChallengeType { get; init; }

    /// <summary>True if a token in the session cookie is accepted.</summary>
    public required bool AllowCookies { get; init; }

    /// <summary>The credential of the request. It is not read for a <see cref="Preflight"/>.</summary>
    public required PresentedCredential Credential { get; init; }

    /// <summary>The address of the client; null if it is unknown.</summary>
    public required IPAddress? ClientAddress { get; init; }

    /// <summary>The URL of the user's request.</summary>
    public required string Url { get; init; }

    /// <summary>True if a script sent the request. Its denials have the status 403, so that the browser shows no login form.</summary>
    public bool IsAjax { get; init; }

    /// <summary>The values of <c>Origin</c> of a WebSocket handshake; null for all other requests, and without this header.</summary>
    public IReadOnlyList<string?>? WebSocketOrigins { get; init; }

    /// <summary>The headers of an OPTIONS request, which has no credentials; null for all other methods.</summary>
    public CorsPreflight? Preflight { get; init; }
}

/// <summary>Represents an OPTIONS request, most of which are CORS preflights.</summary>
/// <param name="Origin">The header <c>Origin</c>; null or empty if there is none.</param>
/// <param name="RequestedMethod">The header <c>Access-Control-Request-Method</c>; null or empty if there is none.</param>
public sealed record CorsPreflight(string? Origin, string? RequestedMethod);
