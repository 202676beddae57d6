using System.Globalization;
using System.Text.RegularExpressions;
using Porthor.Server.Logging;
using Porthor.Values;

namespace Porthor.Server.Http;

/// <summary>
/// Checks the URL to which a browser is redirected after login or logout (contract/login.md 2). It must be on this site. Otherwise a link
/// to Porthor could redirect users to any other site.
/// </summary>
internal static partial class ReturnUrl
{
    private const string Parameter = "rd";
    private const string Type = "invalid_return_url";

    /// <summary>The maximum length of a URL that is kept completely, in its encoded form.</summary>
    public const int MaxLength = 8000;

    /// <summary>
    /// Returns the requested URL if it is allowed; null if there is none. If the URL is longer than <see cref="MaxLength"/> characters,
    /// returns only its path, or the root of the site if the path is too long too.
    /// </summary>
    /// <exception cref="ProblemException">The URL is not allowed.</exception>
    public static string? Check(HttpContext context, string? requested, ServerIdentity server, ILogger logger)
    {
        if (string.IsNullOrEmpty(requested))
            return null;
        RequestLog.Current?.ReturnUrl(requested);
        if (FindError(requested, server) is not { } error)
            return Shortened(requested, logger);
        Log.Bad(logger, error);
        throw Problem.Misused(Parameter, error, Type).ToException();
    }

    /// <summary>Returns whether the login returns to the complete URL.</summary>
    public static bool IsKept(string url) => Redirection.Encode(url).Length <= MaxLength;

    private static string Shortened(string url, ILogger logger)
    {
        if (IsKept(url))
            return url;
        Log.TooLong(logger, url.Length);
        var path = PathOf(url).ToString();
        return IsKept(path) ? path : new Uri(new Uri(Redirection.Encode(path)), "/").AbsoluteUri;
    }

    public static ProblemException Missing() => Problem.Misused(Parameter, "No return URL given", Type).ToException();

    /// <summary>
    /// Returns the reason why a URL is not allowed; null if it is allowed. Checks the encoded form, which is sent to the browser. It
    /// contains only ASCII without blanks and control characters, because browsers and URL parsers interpret those differently.
    /// </summary>
    private static string? FindError(string url, ServerIdentity server)
    {
        if (url.AsSpan().ContainsAnyInRange('\0', '\x1F') || url.Contains('\x7F', StringComparison.Ordinal))
            return "URL contains control characters";
        if (PathOf(url).Contains('\\'))
            return "URL contains a backslash";
        if (WebUrl.Match(Redirection.Encode(url)) is not { Success: true } match
            || !server.IsOurs(HostName.Parse(match.Groups["host"].Value)))
            return $"URL is not at {server.Realm}";
        if (match.Groups["user"].Success)
            return "URL contains a user name";
        if (!IsPortOfSite(match.Groups["scheme"].Value, match.Groups["port"].Value, server.BaseUrl))
            return $"URL is not at the port of {server.BaseUrl.GetLeftPart(UriPartial.Authority)}";
        return null;
    }

    /// <summary>Returns the URL without query and fragment. Browsers interpret a backslash in this part as a slash.</summary>
    private static ReadOnlySpan<char> PathOf(string url) =>
        url.AsSpan()[..(url.AsSpan().IndexOfAny('?', '#') is >= 0 and var end ? end : url.Length)];

    /// <summary>
    /// Allows the port of <c>baseUrl</c>. If that is the default port of its scheme, the default port of the other scheme is allowed too,
    /// because a proxy behind a TLS terminator may report <c>http</c>.
    /// </summary>
    private static bool IsPortOfSite(string scheme, string port, Uri baseUrl)
    {
        var defaultPort = scheme.Equals("https", StringComparison.OrdinalIgnoreCase) ? 443 : 80;
        var number = port.Length == 0 ? defaultPort : int.Parse(port, CultureInfo.InvariantCulture);
        return number == baseUrl.Port || (number == defaultPort && baseUrl.IsDefaultPort);
    }

    [GeneratedRegex(
        @"\A(?<scheme>https?)://((?<user>[A-Za-z0-9._~!$&'()*+,;=:-]*)@)?"
            + @"(?<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:(?<port>[0-9]{0,5}))?([/?#]|\z)",
        RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WebUrl { get; }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Return URL too long, using only its path")]
        public static partial void TooLong(ILogger logger, int length);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Bad return URL")]
        public static partial void Bad(ILogger logger, string error);
    }
}
