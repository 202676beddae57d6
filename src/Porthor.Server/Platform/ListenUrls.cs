using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Porthor.Server.Platform;

/// <summary>
/// Checks the addresses to listen on. The web server listens on all interfaces if it does not recognize a host. Without this check a
/// mistyped loopback address would make the service accessible to other machines.
/// </summary>
internal static class ListenUrls
{
    private const string Scheme = "http://";

    /// <summary>The prefix of a URL that names a Unix socket by its absolute path.</summary>
    private const string UnixPrefix = "unix:/";

    private const string AllowedHosts = "Use an IP address, localhost, or * for all interfaces.";

    /// <summary>Builds the URL for a host and a port.</summary>
    /// <param name="host">An IP address (IPv6 with or without brackets), <c>localhost</c>, <c>*</c> or <c>+</c>.</param>
    /// <param name="port">The port; 0 for any free port.</param>
    /// <param name="url">The URL, if the host is valid.</param>
    /// <param name="error">The reason and the allowed values, if the host is not valid.</param>
    public static bool TryBuild(string host, int port, [NotNullWhen(true)] out string? url, [NotNullWhen(false)] out string? error)
    {
        (url, error) = (null, null);
        if (!TryNormalizeHost(host, out var normalized))
        {
            error = $"Cannot listen on '{host}'. {AllowedHosts}";
            return false;
        }
        url = string.Create(CultureInfo.InvariantCulture, $"{Scheme}{normalized}:{port}");
        return true;
    }

    /// <summary>Checks a list of URLs.</summary>
    /// <param name="urls">URLs separated by semicolons: <c>http://HOST[:PORT]</c> or <c>http://unix:/PATH</c>.</param>
    /// <returns>Null if every URL is valid, otherwise the reason and the allowed values.</returns>
    public static string? FindError(string urls)
    {
        var list = urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return list.Length == 0
            ? "--urls is empty. Use for example http://127.0.0.1:8080."
            : list.Select(FindUrlError).FirstOrDefault(error => error is not null);
    }

    private static string? FindUrlError(string url)
    {
        if (url.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            return $"Cannot listen on '{url}'. Porthor does not serve TLS: use http:// and put a proxy in front.";
        if (!url.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return $"Cannot listen on '{url}'. Use http://HOST:PORT or http://unix:/PATH.";
        var rest = url[Scheme.Length..];
        if (rest.StartsWith(UnixPrefix, StringComparison.OrdinalIgnoreCase))
            return rest.Length > UnixPrefix.Length ? null : $"Cannot listen on '{url}'. Name the path of the socket: http://unix:/PATH.";
        var (host, port) = Split(rest.EndsWith('/') ? rest[..^1] : rest);
        if (!TryNormalizeHost(host, out _))
            return $"Cannot listen on '{url}'. {AllowedHosts}";
        return port is null || IsPort(port) ? null : $"Cannot listen on '{url}'. The port is a number from 0 to 65535.";
    }

    private static (string Host, string? Port) Split(string authority)
    {
        var colon = authority.LastIndexOf(':');
        return colon < 0 || authority.EndsWith(']') ? (authority, null) : (authority[..colon], authority[(colon + 1)..]);
    }

    private static bool IsPort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is >= IPEndPoint.MinPort and <= IPEndPoint.MaxPort;

    private static bool TryNormalizeHost(string host, [NotNullWhen(true)] out string? normalized)
    {
        normalized = null;
        if (host is "*" or "+" || host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            normalized = host;
            return true;
        }
        var isBracketed = host.StartsWith('[') && host.EndsWith(']');
        var text = isBracketed ? host[1..^1] : host;
        if (!IPAddress.TryParse(text, out var address) || text.StartsWith('[') || text.EndsWith(']'))
            return false;
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            normalized = $"[{text}]";
            return true;
        }
        // Other spellings, such as 127.1 or 010.0.0.1, mean something else to other programs.
        if (isBracketed || address.ToString() != text)
            return false;
        normalized = text;
        return true;
    }
}
