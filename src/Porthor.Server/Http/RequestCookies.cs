using Microsoft.Extensions.Primitives;
using Porthor.Tokens;

namespace Porthor.Server.Http;

/// <summary>
/// Reads cookies as the reference does (contract/ingress.md 1): quotes are removed, and the last cookie of a name is used.
/// </summary>
internal static class RequestCookies
{
    /// <summary>
    /// The blanks around a cookie. Other blank characters are bytes of UTF-8 characters, because headers are read as Latin-1.
    /// </summary>
    private const string Blanks = " \t";

    public static string? Find(StringValues headers, string name)
    {
        string? found = null;
        foreach (var header in headers)
        {
            foreach (var range in (header ?? "").AsSpan().Split(';'))
            {
                var cookie = header.AsSpan()[range].Trim(Blanks);
                var equals = cookie.IndexOf('=');
                if (equals >= 0 && cookie[..equals].TrimEnd(Blanks).SequenceEqual(name))
                    found = Unquote(cookie[(equals + 1)..].Trim(Blanks)).ToString();
            }
        }
        return found;
    }

    private static ReadOnlySpan<char> Unquote(ReadOnlySpan<char> value) =>
        value.Length >= 2 && value[0] == '"' && value[^1] == '"' ? value[1..^1] : value;

    /// <summary>
    /// Removes from a header the cookie of this name, and every cookie that contains a Porthor token (deviations 10). Returns null if no
    /// other cookie is left, and the same header if nothing was removed.
    /// </summary>
    public static string? Without(string header, string name)
    {
        var removed = false;
        foreach (var range in header.AsSpan().Split(';'))
            removed |= MustRemove(header.AsSpan()[range], name);
        if (!removed)
            return header;
        List<string> kept = [];
        foreach (var range in header.AsSpan().Split(';'))
        {
            var cookie = header.AsSpan()[range];
            if (!MustRemove(cookie, name))
                kept.Add(cookie.Trim(Blanks).ToString());
            else if (WithoutListMembers(cookie, name) is { } rest)
                kept.Add(rest);
        }
        return kept.All(string.IsNullOrEmpty) ? null : string.Join("; ", kept);
    }

    private static bool MustRemove(ReadOnlySpan<char> cookie, string name)
    {
        if (TokenSearch.Contains(cookie))
            return true;
        foreach (var range in cookie.Split(','))
        {
            if (IsNamed(cookie[range], name))
                return true;
        }
        return false;
    }

    /// <summary>
    /// Splits a cookie that contains commas, because some software joins several <c>Cookie</c> headers with commas. Returns the members
    /// that can be forwarded; null if there is none.
    /// </summary>
    private static string? WithoutListMembers(ReadOnlySpan<char> cookie, string name)
    {
        List<string> kept = [];
        foreach (var range in cookie.Split(','))
        {
            var member = cookie[range];
            if (!IsNamed(member, name) && !TokenSearch.Contains(member))
                kept.Add(member.Trim(Blanks).ToString());
        }
        var rest = string.Join(", ", kept.Where(member => member.Length > 0));
        // The joined text is checked again, because a token can extend over several members.
        return rest.Length == 0 || TokenSearch.Contains(rest) ? null : rest;
    }

    /// <summary>
    /// Returns whether a cookie has this name. Blank characters of any kind are ignored, because other software may ignore them.
    /// </summary>
    private static bool IsNamed(ReadOnlySpan<char> cookie, string name)
    {
        var equals = cookie.IndexOf('=');
        return equals >= 0 && cookie[..equals].Trim().SequenceEqual(name);
    }
}
