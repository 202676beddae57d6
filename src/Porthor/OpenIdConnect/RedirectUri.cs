using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Porthor.Values;

namespace Porthor.OpenIdConnect;

/// <summary>
/// Represents the parts of a redirect URI (contract/oidc-server.md 5.3, 5.4). They are the texts of the URI; nothing is normalized except
/// the scheme, so that a comparison of the parts does not depend on the interpretation of a URI.
/// </summary>
internal sealed record RedirectUri
{
    private static readonly SearchValues<char> SchemeCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    private RedirectUri()
    {
    }

    /// <summary>The scheme in lower case; empty if there is none.</summary>
    public required string Scheme { get; init; }

    /// <summary>User info, host and port; empty if there are none.</summary>
    public required string Authority { get; init; }

    /// <summary>The path with its parameters.</summary>
    public required string FullPath { get; init; }

    /// <summary>The query without the question mark.</summary>
    public required string Query { get; init; }

    /// <summary>The fragment without the number sign.</summary>
    public required string Fragment { get; init; }

    /// <summary>
    /// True if the authority can be parsed: brackets are allowed only around an IPv6 address. The reference parses no other authority with
    /// brackets.
    /// </summary>
    public bool HasValidAuthority
    {
        get
        {
            if (!Authority.AsSpan().ContainsAny('[', ']'))
                return true;
            var host = Authority[(Authority.LastIndexOf('@') + 1)..];
            var end = host.IndexOf(']', StringComparison.Ordinal);
            return host.StartsWith('[') && end > 0 && (end == host.Length - 1 || host[end + 1] == ':')
                && IPAddress.TryParse(host.AsSpan(1, end - 1), out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;
        }
    }

    /// <summary>True if the last segment of the path has parameters, which begin with a semicolon.</summary>
    public bool HasParameters => ParametersAt >= 0 && ParametersAt < FullPath.Length - 1;

    /// <summary>The path without empty parameters.</summary>
    public string Path => ParametersAt >= 0 && !HasParameters ? FullPath[..^1] : FullPath;

    /// <summary>The position of the first semicolon in the last segment of the path; negative if there is none.</summary>
    private int ParametersAt => FullPath.IndexOf(';', FullPath.LastIndexOf('/') + 1);

    /// <summary>
    /// Splits a URI as the reference does. Blanks and control characters before it, and all tabs and line breaks, are not part of it. A
    /// text that is not a URI has an empty scheme or authority.
    /// </summary>
    public static RedirectUri Parse(string text)
    {
        var rest = text.TrimStart([.. Enumerable.Range(0, ' ' + 1).Select(code => (char)code)])
            .Replace("\t", "", StringComparison.Ordinal)
            .Replace("\r", "", StringComparison.Ordinal)
            .Replace("\n", "", StringComparison.Ordinal);
        var (scheme, authority) = ("", "");
        var colon = rest.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && char.IsAsciiLetter(rest[0]) && !rest.AsSpan(0, colon).ContainsAnyExcept(SchemeCharacters))
            (scheme, rest) = (rest[..colon].ToLowerInvariant(), rest[(colon + 1)..]);
        if (rest.StartsWith("//", StringComparison.Ordinal))
        {
            var end = rest.AsSpan(2).IndexOfAny('/', '?', '#');
            (authority, rest) = end < 0 ? (rest[2..], "") : (rest[2..(end + 2)], rest[(end + 2)..]);
        }
        (rest, var fragment) = Cut(rest, '#');
        (rest, var query) = Cut(rest, '?');
        return new RedirectUri { Scheme = scheme, Authority = authority, FullPath = rest, Query = query, Fragment = fragment };
    }

    /// <summary>
    /// Returns true if this URI may be used by a client that has registered <paramref name="registered"/>: it is an https URI with a valid
    /// authority and without path parameters, and authority and path are the same texts. Query and fragment are not compared.
    /// </summary>
    public bool Matches(RedirectUri registered) =>
        Scheme == "https" && Authority.Length > 0 && HasValidAuthority && !HasParameters && Authority == registered.Authority
        && Path == registered.Path;

    /// <summary>Returns the URI with further query parameters. Those of the URI are kept, and are encoded as forms are.</summary>
    public string With(IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var own = Query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => Cut(pair, '='))
            .Select(pair => KeyValuePair.Create(WebUtility.UrlDecode(pair.Before), WebUtility.UrlDecode(pair.After)));
        var query = FormText.Encode(own.Concat(parameters));
        return $"{Scheme}://{Authority}{Path}{(query.Length == 0 ? "" : "?" + query)}{(Fragment.Length == 0 ? "" : "#" + Fragment)}";
    }

    private static (string Before, string After) Cut(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, "") : (text[..at], text[(at + 1)..]);
    }
}
