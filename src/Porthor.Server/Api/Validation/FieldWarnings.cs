using Microsoft.Extensions.Primitives;

namespace Porthor.Server.Api.Validation;

/// <summary>
/// Warns about unknown fields of a body. They are accepted, as in the reference, but a body with a mistyped <c>scopes</c> would create a
/// token without scopes. Writes one <c>Warning</c> header per field, with code 299 (RFC 7234 section 5.5).
/// </summary>
internal static class FieldWarnings
{
    private const int MaxFields = 5;
    private const int MaxNameLength = 64;

    public static void Add(HttpResponse response, JsonFields body)
    {
        var unknown = body.UnknownFields().Take(MaxFields + 1).ToList();
        if (unknown.Count == 0)
            return;
        var warnings = new StringValues([.. unknown.Take(MaxFields).Select(field => Warning(field.Path, field.Meant)),
            .. unknown.Count > MaxFields ? (string[])["299 - \"More unknown fields\""] : []]);
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
    /// Returns a name in a form that needs no quoting in a header: shortened, and with only some characters. The name comes from the
    /// client.
    /// </summary>
    private static string Clean(string name)
    {
        var text = string.Concat(name.Take(MaxNameLength).Select(c => c is >= ' ' and <= '~' and not ('"' or '\\') ? c : '?'));
        return name.Length > MaxNameLength ? text + "..." : text;
    }
}
