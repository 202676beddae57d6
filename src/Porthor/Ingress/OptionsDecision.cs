using Porthor.Values;

namespace Porthor.Ingress;

/// <summary>
/// Decides whether OPTIONS requests are allowed. Browsers send them without credentials, so the decision depends on the origin
/// (contract/ingress.md 7).
/// </summary>
internal static class OptionsDecision
{
    /// <summary>Returns the reason to deny the request; null if it is allowed.</summary>
    public static DeniedAnswer? Decide(IngressRule rule, IDeploymentHosts hosts, CorsPreflight preflight)
    {
        var (hasOrigin, hasMethod) = (!string.IsNullOrEmpty(preflight.Origin), !string.IsNullOrEmpty(preflight.RequestedMethod));
        if (hasOrigin && hasMethod)
        {
            return hosts.IsOwnHost(HostName.Of(preflight.Origin!))
                ? null
                : DeniedAnswer.Refused(403, "cors_preflight_rejected", "Cross-origin request not allowed", IngressEvent.ForeignOrigin);
        }
        if (!rule.AllowOptions)
            return NotSupported("Non-CORS OPTIONS requests not supported");
        return hasOrigin || hasMethod ? NotSupported("Malformed CORS request") : null;
    }

    private static DeniedAnswer NotSupported(string message) =>
        DeniedAnswer.Refused(404, "options_not_supported", message, IngressEvent.NoPlainOptions);
}
