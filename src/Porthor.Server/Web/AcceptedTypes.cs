using Microsoft.Net.Http.Headers;

namespace Porthor.Server.Web;

/// <summary>Which kind of answer a client would rather have (RFC 9110, 12.5.1).</summary>
internal static class AcceptedTypes
{
    /// <summary>True for browsers. Programs that do not say, or like both alike, get JSON as they always did.</summary>
    public static bool PreferHtml(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var ranges))
            return false;
        return Liking(ranges, "text/html") > Liking(ranges, "application/json");
    }

    /// <summary>What the range that fits most closely says.</summary>
    private static double Liking(IEnumerable<MediaTypeHeaderValue> ranges, string type)
    {
        var wanted = new MediaTypeHeaderValue(type);
        return ranges.Where(range => wanted.IsSubsetOf(range))
            .OrderBy(range => range.MatchesAllTypes ? 2 : range.MatchesAllSubTypes ? 1 : 0)
            .Select(range => range.Quality ?? 1)
            .FirstOrDefault();
    }
}
