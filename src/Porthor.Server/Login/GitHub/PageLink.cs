using System.Text.RegularExpressions;

namespace Porthor.Server.Login.GitHub;

/// <summary>Where a list goes on, from a Link header (RFC 8288).</summary>
internal static partial class PageLink
{
    /// <summary>Null if this was the last page.</summary>
    public static string? NextOf(string? header) =>
        header is null ? null : Next.Match(header) is { Success: true } match ? match.Groups["url"].Value : null;

    [GeneratedRegex("""<(?<url>[^<>]*)>[^<>]*;\s*rel="?next"?\s*(,|;|\z)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Next { get; }
}
