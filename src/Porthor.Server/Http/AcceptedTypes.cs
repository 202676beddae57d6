using Microsoft.Net.Http.Headers;

namespace Porthor.Server.Http;

/// <summary>Determines which media type a client prefers (RFC 9110, 12.5.1).</summary>
internal static class AcceptedTypes
{
    /// <summary>Returns whether the client prefers HTML to JSON, as browsers do. Programs that accept both equally get JSON.</summary>
    public static bool PreferHtml(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var ranges))
            return false;
        return QualityOf(ranges, "text/html") > QualityOf(ranges, "application/json");
    }

    /// <summary>Returns the quality of the most specific matching range.</summary>
    private static double QualityOf(IEnumerable<MediaTypeHeaderValue> ranges, string type)
    {
        var wanted = new MediaTypeHeaderValue(type);
        return ranges.Where(range => wanted.IsSubsetOf(range))
            .OrderBy(range => range.MatchesAllTypes ? 2 : range.MatchesAllSubTypes ? 1 : 0)
            .Select(range => range.Quality ?? 1)
            .FirstOrDefault();
    }
}
