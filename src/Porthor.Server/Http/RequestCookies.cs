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
}
