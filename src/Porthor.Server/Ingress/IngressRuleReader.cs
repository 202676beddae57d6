using Porthor.Ingress;
using Porthor.Server.Configuration;
using Porthor.Server.Http;
using Porthor.Server.Logging;

namespace Porthor.Server.Ingress;

/// <summary>Represents a rule and the user's request after reading.</summary>
/// <param name="Rule">The rule; null if it is invalid.</param>
/// <param name="Original">The user's request; null if the parameters for credentials are invalid, or the proxy sends no method.</param>
/// <param name="Errors">The errors; null if the rule was in the cache.</param>
/// <param name="Problem">The error response; null if there is no error, or the response depends on the credentials.</param>
internal readonly record struct ReadRule(IngressRule? Rule, OriginalRequest? Original, ValidationErrors? Errors, Problem? Problem);

/// <summary>
/// Reads the rules of authorization subrequests, and logs their warnings. With the setting <c>strictRules</c>, warnings are errors.
/// </summary>
internal sealed class IngressRuleReader(RuleLog log, PorthorSettings settings)
{
    private readonly IngressRuleCache cache = new();

    /// <summary>Reads the rule of a request.</summary>
    public ReadRule Read(HttpRequest request, OriginalTarget target)
    {
        if (!cache.TryFind(request, target, out var rule, out var original))
            return Parse(request, target);
        RequestLog.Current?.Ingress(rule, original.Url);
        return new(rule, original, Errors: null, Problem: null);
    }

    private ReadRule Parse(HttpRequest request, OriginalTarget target)
    {
        var errors = new ValidationErrors();
        var parameters = new IngressParameters(request, target);
        var rule = parameters.ReadRule(errors);
        if (rule?.FindContradiction() is { } contradiction)
            return new(null, null, errors, Problem.Misused("delegate_to", contradiction.Message, contradiction.Type));
        var original = parameters.ReadOriginal(errors);
        if (rule is not null)
            RequestLog.Current?.Ingress(rule, original?.Url);
        var warnings = parameters.Warnings(settings.Tokens.KnownScopes);
        log.Warn(IngressRuleCache.KeyOf(request), warnings);
        if (settings.StrictRules && warnings.Count > 0)
        {
            foreach (var warning in warnings)
                warning.AddTo(errors);
            rule = null;
        }
        if (rule is not null && original is { } validOriginal)
            cache.Add(request, rule, validOriginal);
        var needsCredentials = original is { IsOptions: false };
        return new(rule, original, errors, errors.Any && !needsCredentials ? Problem.Of(errors) : null);
    }
}
