using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>The cookies of a client, which sends each cookie to its path and drops cookies that are too large for a browser.</summary>
internal sealed class CookieJar
{
    private const int MaxCookieLength = 4096;

    private readonly Dictionary<string, (string Pair, string Path)> cookies = [];

    public void Store(Answer answer)
    {
        foreach (var header in answer.Headers.TryGetValue("Set-Cookie", out var all) ? all : [])
        {
            var parts = header.Split("; ");
            var name = parts[0].Split('=')[0];
            cookies.Remove(name);
            if (parts[0].Length <= MaxCookieLength && !parts.Contains("Max-Age=0"))
                cookies[name] = (parts[0], parts.Single(part => part.StartsWith("Path=", StringComparison.Ordinal))[5..]);
        }
    }

    public (string, string) For(string pathAndQuery) => ("Cookie", string.Join(
        "; ", cookies.Values.Where(cookie => pathAndQuery.StartsWith(cookie.Path, StringComparison.Ordinal))
            .Select(cookie => cookie.Pair)));
}
