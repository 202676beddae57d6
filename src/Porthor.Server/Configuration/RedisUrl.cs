using System.Globalization;
using Porthor.Redis;
using Porthor.Secrets;

namespace Porthor.Server.Configuration;

/// <summary>
/// Represents the parts of a Redis URL. The parser of .NET supports neither several hosts nor the schemes for Sentinel and
/// clusters.
/// </summary>
/// <param name="Scheme">The scheme, in lower case.</param>
/// <param name="User">The percent-decoded user; null if it is missing or empty.</param>
/// <param name="Password">The percent-decoded password; null if it is missing or empty.</param>
/// <param name="Hosts">The hosts with their ports.</param>
/// <param name="Path">The path, not decoded, with the slash at its beginning.</param>
/// <param name="Query">The query, not decoded, without the question mark.</param>
internal sealed record RedisUrl(string Scheme, string? User, Secret? Password, IReadOnlyList<RedisHost> Hosts, string Path, string Query)
{
    public const int DefaultPort = 6379;

    private const int DefaultSentinelPort = 26379;

    /// <summary>Parses a URL. Returns false if the text is not a URL.</summary>
    public static bool TryParse(string text, out RedisUrl url)
    {
        url = null!;
        var start = text.IndexOf("://", StringComparison.Ordinal);
        // Text after a '#' is not part of the address; in a password, '#' must be percent-encoded.
        if (start < 1 || text.Contains('#', StringComparison.Ordinal) || text.Any(char.IsControl))
            return false;
        var scheme = text[..start].ToLowerInvariant();
        var rest = text[(start + 3)..];
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        var query = question < 0 ? "" : rest[(question + 1)..];
        rest = question < 0 ? rest : rest[..question];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var (authority, path) = slash < 0 ? (rest, "") : (rest[..slash], rest[slash..]);
        var at = authority.LastIndexOf('@');
        var credentials = at < 0 ? ["", ""] : authority[..at].Split(':', 2);
        var defaultPort = scheme.EndsWith("+sentinel", StringComparison.Ordinal) ? DefaultSentinelPort : DefaultPort;
        if (!TryReadHosts(authority[(at + 1)..], defaultPort, out var hosts))
            return false;
        var password = credentials.Length > 1 ? Decoded(credentials[1]) : null;
        url = new RedisUrl(scheme, Decoded(credentials[0]), password is null ? null : new Secret(password), hosts, path, query);
        return true;
    }

    /// <summary>Returns whether a path names a logical database: empty for the first, or a number after a slash.</summary>
    public static bool IsDatabase(string path, out int database)
    {
        database = 0;
        return path.Length <= 1 || int.TryParse(path.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out database);
    }

    private static bool TryReadHosts(string text, int defaultPort, out IReadOnlyList<RedisHost> hosts)
    {
        List<RedisHost> found = [];
        hosts = found;
        foreach (var host in text.Length == 0 ? [] : text.Split(','))
        {
            if (!TryReadHost(host, defaultPort, out var one))
                return false;
            found.Add(one);
        }
        return true;
    }

    private static bool TryReadHost(string text, int defaultPort, out RedisHost host)
    {
        host = default;
        // Brackets around an IPv6 address separate its colons from the colon of the port.
        var end = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) + 1 : text.IndexOf(':', StringComparison.Ordinal);
        var name = end < 0 ? text : text[..end];
        var rest = end < 0 ? "" : text[end..];
        var port = defaultPort;
        if (rest.Length > 0
            && (rest[0] != ':' || !int.TryParse(rest.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out port)
                || port is < 1 or > 65535))
            return false;
        var isBracketed = name.StartsWith('[');
        name = isBracketed ? name.Trim('[', ']') : Uri.UnescapeDataString(name);
        host = new RedisHost(name, port);
        return Uri.CheckHostName(name) switch
        {
            UriHostNameType.IPv6 => isBracketed,
            UriHostNameType.Dns or UriHostNameType.IPv4 => !isBracketed,
            _ => false,
        };
    }

    private static string? Decoded(string text) => text.Length == 0 ? null : Uri.UnescapeDataString(text);
}
