using System.Globalization;
using System.Text.RegularExpressions;

namespace Porthor.Server.Configuration;

/// <summary>Reads time spans of settings: seconds, or <c>1w 2d 3h 4m 5s</c> (contract/configuration.md 1).</summary>
internal static partial class Duration
{
    /// <summary>
    /// The longest time span that a setting or an option accepts. With a longer one, an expiration could be after the last date that can be
    /// stored.
    /// </summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(36_500);

    /// <summary>Parses a time span. Returns null if the text is not a time span or the value is too large.</summary>
    public static TimeSpan? TryParse(string text)
    {
        var trimmed = text.Trim();
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        if (decimal.TryParse(trimmed, Style, CultureInfo.InvariantCulture, out var number))
            return FromSeconds(number);
        var match = Parts.Match(trimmed);
        if (!match.Success)
            return null;
        decimal total = 0;
        foreach (var (name, seconds) in Units)
        {
            if (!match.Groups[name].Success)
                continue;
            if (!long.TryParse(match.Groups[name].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
                return null;
            total += (decimal)count * seconds;
        }
        return FromSeconds(total);
    }

    /// <summary>Formats a time span in the form of the settings.</summary>
    public static string Format(TimeSpan span)
    {
        (long Count, string Unit)[] parts = [(span.Days, "d"), (span.Hours, "h"), (span.Minutes, "m"), (span.Seconds, "s")];
        return string.Join(' ', parts.Where(part => part.Count != 0).Select(part => $"{part.Count}{part.Unit}").DefaultIfEmpty("0s"));
    }

    private static readonly (string Name, int Seconds)[] Units =
        [("weeks", 604_800), ("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1)];

    private static TimeSpan? FromSeconds(decimal seconds) =>
        Math.Abs(seconds) < (decimal)TimeSpan.MaxValue.TotalDays * 86_400 / 2
            ? TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond))
            : null;

    // The atomic groups prevent backtracking, which would take very long for a text with many blanks.
    [GeneratedRegex(
        @"\A((?<weeks>(?>[0-9]+))(?>\s*)(weeks|week|w))?(?>\s*)((?<days>(?>[0-9]+))(?>\s*)(days|day|d))?(?>\s*)" +
        @"((?<hours>(?>[0-9]+))(?>\s*)(hours|hour|hr|h))?(?>\s*)((?<minutes>(?>[0-9]+))(?>\s*)(minutes|minute|mins|min|m))?(?>\s*)" +
        @"((?<seconds>(?>[0-9]+))(?>\s*)(seconds|second|secs|sec|s))?\z",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Parts { get; }
}
