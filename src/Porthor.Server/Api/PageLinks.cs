using System.Text;
using Porthor.History;
using Porthor.Operations;
using Porthor.Server.Http;
using Porthor.Values;

namespace Porthor.Server.Api;

/// <summary>Creates the <c>Link</c> header of a page of history (contract/api.md 6, RFC 8288).</summary>
internal static class PageLinks
{
    private const string CursorName = "cursor";

    /// <param name="scheme">The scheme by which the client reached the outermost proxy.</param>
    public static string Of<TRow>(HttpRequest request, string scheme, HistoryPage<TRow> page)
    {
        var address = $"{scheme}://{request.Headers.Host}{request.PathBase.ToUriComponent()}{request.Path.ToUriComponent()}";
        List<KeyValuePair<string, string>> parameters =
            [.. QueryParameters.Pairs(request.QueryString).Where(parameter => parameter.Key != CursorName)];

        var links = new StringBuilder($"<{WithQuery(address, parameters)}>; rel=\"first\"");
        if (page.Next is { } next)
            links.Append($", <{At(address, parameters, next)}>; rel=\"next\"");
        if (page.Previous is { } previous)
            links.Append($", <{At(address, parameters, previous)}>; rel=\"prev\"");
        return links.ToString();
    }

    /// <summary>
    /// Returns the URL of another page. In contrast to the link to the first page, parameters without a value are omitted, and repeated
    /// ones are
    /// </summary>
    private static string At(string address, List<KeyValuePair<string, string>> parameters, HistoryCursor place)
    {
        var grouped = parameters.Where(parameter => parameter.Value.Length > 0).GroupBy(parameter => parameter.Key)
            .SelectMany(group => group);
        return WithQuery(address, [.. grouped, new(CursorName, place.ToString())]);
    }

    private static string WithQuery(string address, List<KeyValuePair<string, string>> parameters) => parameters.Count == 0
        ? address
        : $"{address}?{FormText.Encode(parameters)}";
}
