using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Ingress;

/// <summary>
/// Decides whether a rule allows a token (contract/ingress.md 3). The decision depends only on the parameters, and reads no store.
/// </summary>
internal sealed class IngressDecision(TokenOptions options, IDeploymentHosts hosts)
{
    /// <summary>Returns the first reason to deny the request; null if it is allowed.</summary>
    public DeniedAnswer? Decide(IngressRule rule, IngressRequest request, TokenRecord record, DateTimeOffset now) =>
        ExpiresTooEarly(rule, request, record, now) ?? LacksScope(rule, request, record) ?? ViolatesRestriction(rule, request, record);

    private DeniedAnswer? ExpiresTooEarly(IngressRule rule, IngressRequest request, TokenRecord record, DateTimeOffset now)
    {
        if (rule.MinimumLifetime is not { } minimum)
            return null;
        var longest = options.Lifetime - IngressRule.ShortestLifetime;
        if (minimum > longest)
        {
            return DeniedAnswer.Invalid(new PorthorError(
                ErrorKind.InvalidMinimumLifetime,
                $"Requested lifetime {(long)minimum.TotalSeconds}s longer than maximum lifetime {(long)longest.TotalSeconds}s"));
        }
        var start = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        return record.Expires is not { } expires || expires - start >= minimum
            ? null
            : DeniedAnswer.ExpiresTooEarly(request.ChallengeType, request.IsAjax);
    }

    private static DeniedAnswer? LacksScope(IngressRule rule, IngressRequest request, TokenRecord record)
    {
        var satisfied = rule.AnyScope ? record.Scopes.HasAnyOf(rule.Scopes) : rule.Scopes.IsSubsetOf(record.Scopes);
        return satisfied ? null : rule.LacksScope(request.ChallengeType);
    }

    private DeniedAnswer? ViolatesRestriction(IngressRule rule, IngressRequest request, TokenRecord record)
    {
        var allowed = (rule.OnlyServices is not { } services || (record.Service is { } service && services.Contains(service)))
            && (rule.Username is not { } username || username == record.Username)
            && (!rule.UserDomain || IsDomainOf(request.Url, record.Username));
        return allowed ? null : DeniedAnswer.NotAllowed(request.ChallengeType, "Access not allowed for this user");
    }

    private bool IsDomainOf(string url, string username) =>
        HostName.Of(url) is { } host && hosts.IsOwnHost(host) && host.Split('.')[0] == username;
}
