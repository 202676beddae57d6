using Microsoft.Extensions.Primitives;

namespace Porthor.Server.Http;

/// <summary>Reads cookies as the reference does (contract/ingress.md 1): quotes are taken off, and the last of several wins.</summary>
internal static class RequestCookies
{
    public static string? Find(StringValues headers, string name)
    {
        string? found = null;
        foreach (var header in headers)
        {
            foreach (var range in (header ?? "").AsSpan().Split(';'))
            {
                var cookie = header.AsSpan()[range].Trim();
                var equals = cookie.IndexOf('=');
                if (equals >= 0 && cookie[..equals].TrimEnd().SequenceEqual(name))
                    found = Unquote(cookie[(equals + 1)..].Trim()).ToString();
            }
        }
        return found;
    }

    private static ReadOnlySpan<char> Unquote(ReadOnlySpan<char> value) =>
        value.Length >= 2 && value[0] == '"' && value[^1] == '"' ? value[1..^1] : value;

    /// <summary>
    /// A header without our cookie, however it is set off from the others; null if nothing else is in it. Read as
    /// <see cref="Find"/> reads it, so that no cookie that signs in is passed on (deviations 10).
    /// </summary>
    public static string? Without(string header, string name)
    {
        var parts = header.Split(';');
        var kept = Array.FindAll(parts, part => !IsNamed(part, name));
        if (kept.Length == parts.Length)
            return header;
        return kept.All(string.IsNullOrWhiteSpace) ? null : string.Join("; ", kept.Select(part => part.Trim()));
    }

    private static bool IsNamed(ReadOnlySpan<char> cookie, string name)
    {
        var equals = cookie.IndexOf('=');
        return equals >= 0 && cookie[..equals].Trim().SequenceEqual(name);
    }
}
