using Porthor.Server.Configuration;
using Porthor.Server.Http;

namespace Porthor.Server.Ingress;

/// <summary>
/// Implements <c>/ingress/anonymous</c>: allows every request, and returns its credentials and cookies without those of Porthor
/// (contract/ingress.md 11).
/// </summary>
internal sealed class AnonymousEndpoint(PorthorSettings settings, RuleLog rules)
{
    public Task AllowAsync(HttpContext context)
    {
        if (ForwardedClient.Of(context).Address is null)
            return Problem.MissingClientAddress().WriteAsync(context.Response);
        if (context.Request.QueryString.HasValue)
        {
            // These parameters have no effect here. The operator may have expected that they protect the location.
            rules.WarnAnonymous(IngressRuleCache.KeyOf(context.Request));
            if (settings.StrictRules)
            {
                var errors = new ValidationErrors();
                errors.Add("unknown_parameter", new Location("query"), "This route takes no parameters", input: null);
                return Problem.Of(errors).WriteAsync(context.Response);
            }
        }
        IngressEndpoints.Reflect(context);
        return IngressEndpoints.WriteOkAsync(context.Response);
    }
}
