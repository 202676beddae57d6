using System.Text.RegularExpressions;

namespace Porthor.Server.Login.GitHub;

/// <summary>Finds the next page of a list in a <c>Link</c> header (RFC 8288).</summary>
internal static partial class PageLink
{
    /// <summary>Returns the URL of the next page; null if this is the last page.</summary>
    public static string? NextOf(string? header) =>
        header is null ? null : Next.Match(header) is { Success: true } match ? match.Groups["url"].Value : null;

    [GeneratedRegex("""<(?<url>[^<>]*)>[^<>]*;\s*rel="?next"?\s*(,|;|\z)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Next { get; }
}
