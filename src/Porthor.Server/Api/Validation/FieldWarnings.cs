using Microsoft.Extensions.Primitives;

namespace Porthor.Server.Api.Validation;

/// <summary>
/// Warns about unknown fields of a body. They are accepted, as in the reference, but a mistyped <c>scope</c> would result in a token
/// without scopes. Writes one <c>Warning</c> header per field, with code 299 (RFC 7234 section 5.5).
/// </summary>
internal static class FieldWarnings
{
    private const int MostFields = 5;
    private const int LongestName = 64;

    public static void Add(HttpResponse response, JsonFields body)
    {
        var unknown = body.UnknownFields().Take(MostFields + 1).ToList();
        if (unknown.Count == 0)
            return;
        var warnings = new StringValues([.. unknown.Take(MostFields).Select(field => Warning(field.Path, field.Meant)),
            .. unknown.Count > MostFields ? (string[])["299 - \"More unknown fields\""] : []]);
        // The headers are set when the response starts, because an error response clears the headers set before.
        response.OnStarting(() =>
        {
            response.Headers.Warning = warnings;
            return Task.CompletedTask;
        });
    }

    private static string Warning(string path, string? meant) =>
        $"299 - \"Unknown field: {Clean(path)}{(meant is null ? "" : $". Did you mean {meant}?")}\"";

    /// <summary>
    /// Returns the shortened name with only those characters that need no quoting in a header, because it comes from the client.
    /// </summary>
    private static string Clean(string name)
    {
        var text = string.Concat(name.Take(LongestName).Select(c => c is >= ' ' and <= '~' and not ('"' or '\\') ? c : '?'));
        return name.Length > LongestName ? text + "..." : text;
    }
}
