using Porthor.Server.Http;
using Porthor.Tokens;

namespace Porthor.Server.Ingress;

/// <summary>
/// Whether a token may pass by the rule of a location. Nothing is looked up here: what decides is handed in
/// (contract/ingress.md 3).
/// </summary>
internal sealed class IngressDecision(TokenOptions options, ServerIdentity identity)
{
    /// <summary>The first thing that speaks against it; null if nothing does.</summary>
    public IngressRefusal? Decide(IngressRule rule, IngressAsker asker, TokenRecord record, DateTimeOffset now) =>
        LivesTooShort(rule, asker, record, now) ?? LacksScope(rule, asker, record) ?? IsOther(rule, asker, record);

    /// <inheritdoc cref="ServerIdentity.IsOurs"/>
    public bool IsOurs(string? host) => identity.IsOurs(host);

    /// <summary>Returns the host of a URL in the form of <see cref="HostName"/>; null if it has none.</summary>
    public static string? HostOf(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed) ? HostName.Of(parsed) : null;

    private IngressRefusal? LivesTooShort(IngressRule rule, IngressAsker asker, TokenRecord record, DateTimeOffset now)
    {
        if (rule.MinimumLifetime is not { } minimum)
            return null;
        var longest = options.Lifetime - IngressRule.ShortestLifetime;
        if (minimum > longest)
        {
            var text = $"Requested lifetime {(long)minimum.TotalSeconds}s longer than maximum lifetime {(long)longest.TotalSeconds}s";
            return new IngressRefusal(Problem.Misused("minimum_lifetime", text, "invalid_minimum_lifetime"), text, IngressEvent.None);
        }
        var start = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        if (record.Expires is not { } expires || expires - start >= minimum)
            return null;
        return new IngressRefusal(
            Problem.LifetimeTooShort(asker.Challenge, asker.IsAjax), "Remaining token lifetime too short", IngressEvent.LivesTooShort);
    }

    private static IngressRefusal? LacksScope(IngressRule rule, IngressAsker asker, TokenRecord record)
    {
        var satisfied = rule.AnyScope ? record.Scopes.HasAnyOf(rule.Scopes) : rule.Scopes.IsSubsetOf(record.Scopes);
        return satisfied ? null : rule.LacksScope(asker.Challenge);
    }

    private IngressRefusal? IsOther(IngressRule rule, IngressAsker asker, TokenRecord record)
    {
        var allowed = (rule.OnlyServices is not { } services || (record.Service is { } service && services.Contains(service)))
            && (rule.Username is not { } username || username == record.Username)
            && (!rule.UserDomain || IsDomainOf(asker.Url, record.Username));
        return allowed ? null : IngressRefusal.Denied(asker.Challenge, "Access not allowed for this user");
    }

    private bool IsDomainOf(string url, string username) => HostOf(url) is { } host && IsOurs(host) && host.Split('.')[0] == username;
}
