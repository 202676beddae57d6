using System.Diagnostics.CodeAnalysis;
using BitFaster.Caching.Lru;
using Porthor.Server.Http;

namespace Porthor.Server.Ingress;

/// <summary>
/// The locations of the proxy, by the queries it asks with: they are few, and written in its configuration. Only what could be
/// read without a fault is remembered.
/// </summary>
internal sealed class KnownLocations
{
    /// <summary>A longer query is read each time.</summary>
    private const int LongestQuery = 1024;

    private readonly ConcurrentLru<string, Location> known = new(1000);

    /// <summary>What is asked about this request; false if its query has not been seen, or a header is missing.</summary>
    public bool TryFind(HttpRequest request, [NotNullWhen(true)] out IngressRule? rule, [NotNullWhen(true)] out IngressAsker? asker)
    {
        (rule, asker) = (null, null);
        if (!known.TryGet(request.QueryString.Value ?? "", out var location)
            || request.Headers[IngressParameters.OriginalUrl] is not [.., { } url]
            || request.Headers[IngressParameters.OriginalMethod] is not [.., { } method])
            return false;
        rule = location.Rule;
        asker = new IngressAsker(location.AllowCookies, location.Challenge, HeaderText.Decode(url), method, IngressParameters.IsAjax(request.Headers));
        return true;
    }

    public void Remember(HttpRequest request, IngressRule rule, IngressAsker asker)
    {
        var query = request.QueryString.Value ?? "";
        if (query.Length <= LongestQuery)
            known.AddOrUpdate(query, new Location(rule, asker.AllowCookies, asker.Challenge));
    }

    /// <summary>Returns what identifies the rule of a request: its query, and of a longer one the beginning.</summary>
    public static string KeyOf(HttpRequest request) =>
        request.QueryString.Value is not { } query ? "" : query.Length <= LongestQuery ? query : query[..LongestQuery];

    private sealed record Location(IngressRule Rule, bool AllowCookies, Challenge Challenge);
}
