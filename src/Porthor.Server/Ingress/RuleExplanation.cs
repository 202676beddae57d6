using System.Globalization;
using Porthor.Ingress;

namespace Porthor.Server.Ingress;

/// <summary>Explains a rule in sentences, for operators who check the configuration of their proxy.</summary>
internal static class RuleExplanation
{
    /// <summary>Returns one sentence for each requirement and each effect of a rule.</summary>
    public static IEnumerable<string> Of(IngressRule rule, OriginalRequest original)
    {
        yield return original.AllowCookies
            ? "The request must have a valid token: in the session cookie or in the Authorization header."
            : "The request must have a valid token in the Authorization header. The session cookie is not accepted.";
        yield return $"A request without credentials gets a {original.ChallengeType} challenge.";
        yield return ExplainScopes(rule);
        if (rule.OnlyServices is { } services)
            yield return $"The token must be an internal token of {OneOf("the service", "the services", services)}.";
        if (rule.Username is { } username)
            yield return $"The user must be {username}.";
        if (rule.UserDomain)
            yield return "The first label of the host name must be the user name.";
        if (rule.MinimumLifetime is { } lifetime)
            yield return string.Create(
                CultureInfo.InvariantCulture, $"The token must be valid for at least {(long)lifetime.TotalSeconds} more seconds.");
        foreach (var sentence in ExplainEffects(rule))
            yield return sentence;
    }

    private static IEnumerable<string> ExplainEffects(IngressRule rule)
    {
        if (rule.Service is { } service)
            yield return $"Requests count against the quota of the service {service}.";
        if (rule.Notebook)
            yield return "The application receives a notebook token with all scopes of the user's token.";
        if (rule.DelegateTo is { } target)
        {
            yield return rule.DelegateScopes.IsEmpty
                ? $"The application receives an internal token of the service {target} without scopes."
                : $"The application receives an internal token of the service {target} with those of the scopes "
                        + $"{string.Join(", ", rule.DelegateScopes.Names)} that the user's token has.";
        }
        else if (!rule.DelegateScopes.IsEmpty)
        {
            yield return "delegate_scope has no effect without delegate_to.";
        }
        if (rule.UseAuthorization)
        {
            yield return rule.Delegates
                ? "The Authorization header of the request is replaced by this token."
                : "The Authorization header of the request is removed.";
        }
        yield return rule.AllowOptions
            ? "OPTIONS requests are allowed without credentials, except CORS preflights from foreign origins."
            : "OPTIONS requests are denied, except CORS preflights from own hosts.";
    }

    private static string ExplainScopes(IngressRule rule)
    {
        var names = rule.Scopes.Names;
        if (names.Count == 0)
        {
            return rule.AnyScope
                ? "No scope is named, and satisfy=any requires one of them: every request is denied."
                : "No scope is required: every valid token is accepted.";
        }
        var quoted = string.Join(", ", names.Select(name => name.Length == 0 ? "\"\" (no token has it)" : name));
        if (names.Count == 1)
            return $"The token must have the scope {quoted}.";
        return rule.AnyScope
            ? $"The token must have at least one of the scopes {quoted}."
            : $"The token must have all of the scopes {quoted}.";
    }

    private static string OneOf(string one, string several, IReadOnlyList<string> names) =>
        names.Count == 1 ? $"{one} {names[0]}" : $"one of {several} {string.Join(", ", names)}";
}
