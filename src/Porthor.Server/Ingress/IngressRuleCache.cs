using System.Diagnostics.CodeAnalysis;
using BitFaster.Caching.Lru;
using Porthor.Ingress;
using Porthor.Values;

namespace Porthor.Server.Ingress;

/// <summary>
/// Caches the rules by the query of the subrequest. The number of rules is small, because they are part of the configuration of the proxy.
/// Rules with errors are not cached.
/// </summary>
internal sealed class IngressRuleCache
{
    /// <summary>Rules with a longer query are not cached.</summary>
    private const int LongestQuery = 1024;

    private const int Capacity = 1000;

    private readonly ConcurrentLru<string, Entry> rules = new(Capacity);

    /// <summary>Finds the rule of a request. Returns false if the cache does not contain it, or if a header is missing.</summary>
    public bool TryFind(HttpRequest request, OriginalTarget target, [NotNullWhen(true)] out IngressRule? rule, out OriginalRequest original)
    {
        (rule, original) = (null, default);
        if (!rules.TryGet(request.QueryString.Value ?? "", out var entry) || target is not { Url: { } url, Method: { } method })
            return false;
        rule = entry.Rule;
        original = new OriginalRequest(
            entry.AllowCookies, entry.ChallengeType, HeaderText.Decode(url), method, IngressParameters.IsAjax(request.Headers));
        return true;
    }

    /// <summary>Adds the rule of a request.</summary>
    public void Add(HttpRequest request, IngressRule rule, OriginalRequest original)
    {
        var query = request.QueryString.Value ?? "";
        if (query.Length <= LongestQuery)
            rules.AddOrUpdate(query, new Entry(rule, original.AllowCookies, original.ChallengeType));
    }

    /// <summary>Returns the key of the rule of a request: its query, shortened to <see cref="LongestQuery"/> characters.</summary>
    public static string KeyOf(HttpRequest request) =>
        request.QueryString.Value is not { } query ? "" : query.Length <= LongestQuery ? query : query[..LongestQuery];

    private sealed record Entry(IngressRule Rule, bool AllowCookies, ChallengeType ChallengeType);
}
