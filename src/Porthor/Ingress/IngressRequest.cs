using System.Net;

namespace Porthor.Ingress;

/// <summary>
/// Represents an authorization subrequest: the rule of the location, and those parts of the user's request that determine the answer.
/// </summary>
public sealed class IngressRequest
{
    /// <summary>
    /// The rule of the location; null if the rule is invalid. The credentials are checked before an invalid rule is reported
    /// (contract/ingress.md 3).
    /// </summary>
    public required IngressRule? Rule { get; init; }

    /// <summary>The type of the challenge if credentials are missing or not sufficient.</summary>
    public required ChallengeType ChallengeType { get; init; }

    /// <summary>True if a token in the session cookie is accepted.</summary>
    public required bool AllowCookies { get; init; }

    /// <summary>The credential of the request. It is not read for a <see cref="Preflight"/>.</summary>
    public required PresentedCredential Credential { get; init; }

    /// <summary>The address of the client; null if it is unknown.</summary>
    public required IPAddress? ClientAddress { get; init; }

    /// <summary>The URL of the user's request.</summary>
    public required string Url { get; init; }

    /// <summary>
    /// True if a script sent the request. If its credentials are missing or expire too early, the status is 403 instead of 401, so that the
    /// browser shows no login form.
    /// </summary>
    public bool IsAjax { get; init; }

    /// <summary>
    /// The values of <c>Origin</c> in a WebSocket handshake; null if the request is not a handshake or has no such header.
    /// </summary>
    public IReadOnlyList<string?>? WebSocketOrigins { get; init; }

    /// <summary>The headers of an OPTIONS request, which is answered without credentials; null for all other methods.</summary>
    public CorsPreflight? Preflight { get; init; }
}

/// <summary>Represents an OPTIONS request, most of which are CORS preflights.</summary>
/// <param name="Origin">The header <c>Origin</c>; null or empty if there is none.</param>
/// <param name="RequestedMethod">The header <c>Access-Control-Request-Method</c>; null or empty if there is none.</param>
public sealed record CorsPreflight(string? Origin, string? RequestedMethod);
