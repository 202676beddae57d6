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
    public static IngressRefusal Denied(Challenge challenge, string text, ScopeSet? scopes = null) =>
        new(Problem.Intended(403, text, "insufficient_scope", challenge.WithError("insufficient_scope", text, scopes)), text, IngressEvent.Denied);
}
