using System.Text.RegularExpressions;
using Porthor.Server.Http;
using Porthor.Server.Logging;

namespace Porthor.Server.Login;

/// <summary>
/// Where somebody wants to go after login or logout (contract/login.md 2). Only to a host of ours: else a link to us would be a
/// way to send people anywhere.
/// </summary>
internal static partial class ReturnUrl
{
    private const string Parameter = "rd";
    private const string Type = "invalid_return_url";

    /// <summary>What was asked for; null if nothing.</summary>
    /// <exception cref="ProblemException">It is not ours.</exception>
    public static string? Check(HttpContext context, string? asked, ServerIdentity server, ILogger logger)
    {
        if (string.IsNullOrEmpty(asked))
            return null;
        RequestLog.Current?.ReturnUrl(asked);
        if (IsOurs(asked, server))
            return asked;
        var error = $"URL is not at {server.Realm}";
        Log.Bad(logger, error);
        throw Problem.Misused(Parameter, error, Type).ToException();
    }

    public static ProblemException Missing() => Problem.Misused(Parameter, "No return URL given", Type).ToException();

    /// <summary>
    /// Judges the form that is sent. It has no backslash, blank or control character, on which browsers and parsers of URLs
    /// differ; and what names the host must be nothing but a host.
    /// </summary>
    private static bool IsOurs(string url, ServerIdentity server) =>
        WebUrl.Match(Redirection.Encode(url)) is { Success: true } match && server.IsOurs(match.Groups["host"].Value.Trim('[', ']').ToLowerInvariant());

    /// <summary>What stands before the <c>@</c> does not matter, if it is plain; what follows the host must not belong to it.</summary>
    [GeneratedRegex(
        @"\Ahttps?://([A-Za-z0-9._~!$&'()*+,;=:-]*@)?(?<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{0,5})?([/?#]|\z)",
        RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WebUrl { get; }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Bad return URL")]
        public static partial void Bad(ILogger logger, string error);
    }
}
