using System.Net;
using System.Net.Sockets;

namespace Porthor.Values;

/// <summary>
/// Converts host names to the form in which they are compared: lower case, international names in Punycode, and IPv6 addresses
/// in their shortest form without brackets.
/// </summary>
public static class HostName
{
    /// <summary>Returns the host of a URL; null if it has none or an invalid one.</summary>
    public static string? Of(Uri url)
    {
        if (url.HostNameType == UriHostNameType.IPv6 && !EndsWithAddress(url.OriginalString))
            return null;
        try
        {
            return url.IdnHost is { Length: > 0 } host ? host.ToLowerInvariant() : null;
        }
        catch (UriFormatException)
        {
            // An international name without a Punycode form.
            return null;
        }
    }

    /// <summary>Returns the host of a URL; null if the text is not an absolute URL, or has no valid host.</summary>
    public static string? Of(string url) => Uri.TryCreate(url, UriKind.Absolute, out var parsed) ? Of(parsed) : null;

    /// <summary>
    /// Reads a host as it is written in a URL: a name, an IPv4 address, or an IPv6 address in brackets. Returns null if the address is
    /// invalid.
    /// </summary>
    public static string? Parse(string host)
    {
        if (host is not ['[', .. var inside, ']'])
            return host.ToLowerInvariant();
        return IPAddress.TryParse(inside, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6
            && Uri.TryCreate($"http://[{address}]/", UriKind.Absolute, out var url) ? Of(url) : null;
    }

    /// <summary>
    /// Returns true if the host ends with the address in brackets. The check is necessary because <see cref="Uri"/> accepts
    /// <c>http://[::1].example.org</c> and returns the host <c>::1</c>.
    /// </summary>
    private static bool EndsWithAddress(string url)
    {
        var end = url.IndexOf(']', StringComparison.Ordinal) + 1;
        return end == url.Length || url[end] is ':' or '/' or '?' or '#';
    }
}
