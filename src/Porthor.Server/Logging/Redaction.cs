using System.Buffers;
using System.Text.RegularExpressions;
using Porthor.OpenIdConnect;
using Porthor.Tokens;

namespace Porthor.Server.Logging;

/// <summary>
/// Removes tokens, codes and secrets from texts that leave the process: fields and exceptions in the log, messages to Slack and Sentry,
/// and errors of the command line. It recognizes the parameters of URLs, also of URLs inside parameters, and the formats of other software.
/// </summary>
internal static partial class Redaction
{
    private const string Hidden = "***";

    /// <summary>The maximum number of times that a text is percent-decoded. Proxies and applications decode at most a few times.</summary>
    private const int MaxDecodings = 3;

    /// <summary>The number of characters of a text that a client chooses and that are searched and logged.</summary>
    private const int LongestShown = 2000;

    /// <summary>The maximum number of characters that are removed so that a shortened text does not end with a part of a secret.</summary>
    private const int LongestEnd = 512;

    /// <summary>The pattern of a percent sign that is percent-encoded any number of times.</summary>
    private const string Percent = "%(?:25)*";

    /// <summary>The pattern of <c>://</c>, also if it is percent-encoded.</summary>
    private const string AuthorityMark = "(?:://|" + Percent + "3A" + Percent + "2F" + Percent + "2F)";

    /// <summary>
    /// The pattern of the names of parameters with a secret value. The first part allows any prefix: <c>client_secret</c>,
    /// <c>accessToken</c>.
    /// </summary>
    private const string Name =
        "(?:[A-Za-z0-9_.-]*?(?:token(?:_hint)?|secret|passw(?:or)?d|passphrase|pwd|signature|(?:api|access|private)[_-]?key"
            + "|assertion|jwt|sessid|session_?id|credentials?)"
        + "|(?:(?:auth|authorization|oauth2?|device|user|access|verification|reset|invite|activation|confirm|confirmation|login"
            + "|one[_-]?time|security|recovery)[_-]?)?code"
        + "|code_verifier|state|nonce|sig|sid|session|auth|authorization|ticket|otp|hmac|saml(?:response|art))";

    /// <summary>
    /// Substrings of which every text with a secret contains at least one. Most texts contain none, and need no regular expression.
    /// </summary>
    private static readonly SearchValues<string> Hints = SearchValues.Create(
        [
            "gt-", "gc-", "gAAAA", "eyJ", "bearer", "basic", "token ", "@", "%40", "%2540", "%3D", "%253D", "]=", "%5D",
            "token=", "hint=", "secret=", "passwd=", "password=", "passphrase=", "pwd=", "signature=", "key=", "assertion=", "jwt=",
            "sessid=",
            "sessionid=", "session_id=", "credential=", "credentials=", "code=", "verifier=", "state=", "nonce=", "sig=", "sid=",
            "session=",
            "auth=", "authorization=", "ticket=", "otp=", "hmac=", "response=", "samlart=",
            "token\"", "secret\"", "passwd\"", "password\"", "passphrase\"", "pwd\"", "key\"", "assertion\"", "jwt\"", "code\"",
            "verifier\"",
        ],
        StringComparison.OrdinalIgnoreCase);

    /// <summary>Characters that no token, code or password in a URL contains.</summary>
    private static readonly SearchValues<char> SecretEnds = SearchValues.Create(" \t\r\n\"&?#@");

    /// <summary>Returns the text with <c>***</c> in place of each secret, or the same object if it contains none.</summary>
    public static string Text(string text)
    {
        try
        {
            var hidden = text.AsSpan().ContainsAny(Hints) ? Secret.Replace(text, "${before}" + Hidden + "${after}") : text;
            return HideEncodedTokens(
                hidden.Contains('%', StringComparison.Ordinal) ? EncodedParameter.Replace(hidden, HideEncodedParameter) : hidden);
        }
        catch (RegexMatchTimeoutException)
        {
            return Hidden;
        }
    }

    /// <summary>
    /// Returns a text of a client without secrets. Only the first <see cref="LongestShown"/> characters are searched; the rest is replaced
    /// by three dots, so that the log and the search do not grow with the request.
    /// </summary>
    public static string Shown(string text) => text.Length <= LongestShown ? Text(text) : Text(text[..EndOfShown(text)]) + "...";

    /// <summary>
    /// Returns where a long text is cut: after a character that ends secrets, because the pattern does not recognize a part of a secret.
    /// </summary>
    private static int EndOfShown(string text)
    {
        const int shortest = LongestShown - LongestEnd;
        var end = shortest + text.AsSpan(shortest, LongestEnd).LastIndexOfAny(SecretEnds) + 1;
        // A surrogate pair must not be split.
        return char.IsHighSurrogate(text[end - 1]) ? end - 1 : end;
    }

    /// <summary>Hides the value of a parameter whose name is percent-encoded, also within an encoded URL.</summary>
    private static string HideEncodedParameter(Match match)
    {
        var (name, value) = (match.Groups["name"].Value, match.Groups["value"].Value);
        // The part before the value can be a URL that contains such a parameter.
        var decoded = name;
        for (var i = 0; i < MaxDecodings && decoded.Contains('%', StringComparison.Ordinal); i++)
        {
            decoded = Uri.UnescapeDataString(decoded);
            if (Secret.IsMatch(decoded))
                return Hidden;
            if (value.Length > 0 && Secret.IsMatch($"?{decoded}=x"))
                return $"{name}={Hidden}";
        }
        return match.Value;
    }

    /// <summary>Hides tokens and codes that are percent-encoded, also repeatedly or partly, or in Base64.</summary>
    private static string HideEncodedTokens(string text)
    {
        if (!HasToken(text))
            return text;
        var hidden = UrlPart.Replace(text, match => HasToken(match.ValueSpan) ? Hidden : match.Value);
        // Base64 may contain slashes and equals signs.
        return HasToken(hidden) ? Hidden : hidden;
    }

    private static bool HasToken(ReadOnlySpan<char> text) => TokenSearch.Contains(text, Token.Prefix, AuthorizationCode.Prefix);

    // The name begins where the characters of names begin: otherwise the time is quadratic for many such characters without a percent sign.
    [GeneratedRegex(
        "(?<![A-Za-z0-9._+~\\[\\]-])(?<name>[A-Za-z0-9._+~\\[\\]-]*%[A-Za-z0-9%._+~\\[\\]-]*)(?:=(?<value>[^&#;\\s\"'<>]+))?",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex EncodedParameter { get; }

    [GeneratedRegex("[A-Za-z0-9%._+~-]+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UrlPart { get; }

    // The alternatives, in this order: the secret part of a token or of an authorization code; a text encrypted with Fernet; a JSON web
    // token; a credential of a header; the password and the username of a URL; a parameter, up to its end or to the end of the parameter
    // that contains it; a member of a JSON object. The lookaheads in a JSON web token and in a password end the scan at the next possible
    // beginning of the same alternative: otherwise the time is quadratic for a text with many beginnings and no end.
    [GeneratedRegex(
        "(?<before>g[ct]-[A-Za-z0-9_-]{22}(?:\\.|" + Percent + "2E))[A-Za-z0-9_-]+"
        + "|gAAAA[A-Za-z0-9_=-]{40,}"
        + "|eyJ(?:(?!eyJ)[A-Za-z0-9_-]){8,}\\.[A-Za-z0-9_.-]+"
        + "|(?<before>\\b(?:Bearer|Basic)(?:[ \\t+]|" + Percent + "20)+)[A-Za-z0-9._~+/=-]{16,}"
        // At least 24 characters: the key of a token has 22, is not secret, and follows the word "token" in Porthor's own messages.
        + "|(?<before>\\btoken(?:[ \\t+]|" + Percent + "20)+)[A-Za-z0-9._~+/=-]{24,}"
        + "|(?<before>" + AuthorityMark + "[^/@\\s:?#%&\"]*(?::|" + Percent + "3A))(?:(?!" + AuthorityMark
            + ")[^/@\\s?#&\"])+?(?<after>@|" + Percent + "40)"
        + "|(?<before>https?" + AuthorityMark + ")[^/@\\s:?#%&\"]+(?<after>@|" + Percent + "40)"
        + "|(?<before>(?:\\A|[^A-Za-z0-9_.%-]|" + Percent + "(?:3F|26|23|3B|5B))(?:" + Name + "|key)(?:(?:\\[|" + Percent
            + "5B)?(?:\\]|" + Percent + "5D))?(?:=|" + Percent + "3D))(?:[^&#;\\s\"'<>]|;(?![A-Za-z0-9_ .-]+=))+"
        + "|(?<before>\"" + Name + "\"\\s*:\\s*\")[^\"]+",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 5000)]
    private static partial Regex Secret { get; }
}
