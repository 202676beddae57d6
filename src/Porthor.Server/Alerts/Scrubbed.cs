using System.Text.RegularExpressions;

namespace Porthor.Server.Alerts;

/// <summary>
/// The last guard before a text leaves the house. Our own texts hold no secrets; but an exception's text is anybody's, and might show
/// what it could not read.
/// </summary>
internal static partial class Scrubbed
{
    public static string Text(string text) => Secret.Replace(text, "***");

    /// <summary>A token's second half, what Fernet has encrypted, a credential in a header or a URL, a password in a connection's text.</summary>
    [GeneratedRegex(
        @"(?<=gt-[A-Za-z0-9_-]{22}\.)[A-Za-z0-9_-]+|gAAAA[A-Za-z0-9_=-]{40,}|(?<=(Bearer|Basic|token) )[A-Za-z0-9._~+/=-]{16,}|(?<=://[^/@\s]*:)[^/@\s]+(?=@)|(?<=(password|pwd|secret)=)[^;&\s]+",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Secret { get; }
}
