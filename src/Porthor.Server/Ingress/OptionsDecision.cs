using Porthor.Server.Http;

namespace Porthor.Server.Ingress;

/// <summary>
/// Requests with OPTIONS carry no credentials by their nature, and are let through by where they come from
/// (contract/ingress.md 7).
/// </summary>
internal static class OptionsDecision
{
    /// <summary>What speaks against it; null if nothing does.</summary>
    public static IngressRefusal? Decide(IngressRule rule, IngressDecision decision, string? origin, string? requestedMethod)
    {
        var (hasOrigin, hasMethod) = (!string.IsNullOrEmpty(origin), !string.IsNullOrEmpty(requestedMethod));
        if (hasOrigin && hasMethod)
        {
            return decision.IsOurs(IngressDecision.HostOf(origin!))
                ? null
                : Refused(403, "Cross-origin request not allowed", "cors_preflight_rejected", IngressEvent.ForeignOrigin);
        }
        if (!rule.AllowOptions)
            return NoPlainOptions("Non-CORS OPTIONS requests not supported");
        return hasOrigin || hasMethod ? NoPlainOptions("Malformed CORS request") : null;
    }

    private static IngressRefusal NoPlainOptions(string text) => Refused(404, text, "options_not_supported", IngressEvent.NoPlainOptions);

    private static IngressRefusal Refused(int status, string text, string type, IngressEvent name) =>
        new(Problem.Intended(status, text, type, challenge: null), text, name);
}
