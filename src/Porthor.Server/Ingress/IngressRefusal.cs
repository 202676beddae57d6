using Porthor.Server.Http;
using Porthor.Values;

namespace Porthor.Server.Ingress;

/// <summary>How a refusal is called in the log (contract/ingress.md 12).</summary>
internal enum IngressEvent
{
    None,
    Denied,
    LivesTooShort,
    RateLimited,
    NoPlainOptions,
    ForeignOrigin,
}

/// <param name="Text">What is wrong, for the log.</param>
internal sealed record IngressRefusal(Problem Problem, string Text, IngressEvent Event)
{
    /// <summary>
    /// Returns the refusal of a WebSocket handshake from a page of a foreign origin, with a credential that browsers send automatically.
    /// </summary>
    public static IngressRefusal ForeignWebSocket(string? origin)
    {
        var problem = Problem.Intended(403, "WebSocket handshake from a foreign origin not allowed", "permission_denied", challenge: null);
        var shown = HeaderText.Decode(origin ?? "");
        return new(problem, $"WebSocket handshake from {shown} not allowed. To allow it, add the origin to allowedOrigins.", IngressEvent.ForeignOrigin);
    }

    public static IngressRefusal Denied(Challenge challenge, string text, ScopeSet? scopes = null) =>
        new(Problem.Intended(403, text, "insufficient_scope", challenge.WithError("insufficient_scope", text, scopes)).Requiring(scopes), text, IngressEvent.Denied);
}
