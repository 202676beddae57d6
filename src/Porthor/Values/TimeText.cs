using System.Globalization;
using System.Text.RegularExpressions;

namespace Porthor.Values;

/// <summary>Represents the reason why a text or number is not a time, in one of the two forms of contract/api.md 3.4.</summary>
/// <param name="Reason">The message, as the contract prescribes it.</param>
/// <param name="OutOfRange">True if the value is a number outside the range of the calendar.</param>
public readonly record struct TimeParseError(string Reason, bool OutOfRange);

/// <summary>
/// Parses times like the reference (contract/api.md 3.4): seconds or milliseconds since 1970, as a number or a text; a date with a time
/// of day, with or without a time zone; or a date. A time without a time zone is UTC.
/// </summary>
public static partial class TimeText
{
    /// <summary>
    /// The largest number that is interpreted as seconds. Larger numbers, which would be seconds after the year 2600, are interpreted as
    /// milliseconds.
    /// </summary>
    private const decimal LargestSeconds = 20_000_000_000m;
    private const string BeyondCalendar = "dates after 9999 are not supported as unix timestamps";

    private static readonly decimal FirstSecond = DateTimeOffset.MinValue.ToUnixTimeSeconds();
    private static readonly decimal LastSecond = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    /// <summary>Parses a text. Returns false, with the reason, if it is not a time.</summary>
    public static bool TryParse(string text, out DateTimeOffset time, out TimeParseError error)
    {
        error = default;
        if (Number.IsMatch(text))
            return decimal.TryParse(
                text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                ? TryFromNumber(number, out time, out error)
                : Beyond(out time, out error);
        if (TryParseDateTime(text, out time))
            return true;
        if (text.Length == 10 && ReasonNotDate(text) is null)
        {
            time = new DateTimeOffset(DateTime.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture), TimeSpan.Zero);
            return true;
        }
        error = new TimeParseError(ReasonNotDate(text) ?? "unexpected extra characters at the end of the input", OutOfRange: false);
        return false;
    }

    /// <summary>Converts a number of seconds or milliseconds. Returns false, with the reason, if it is out of range.</summary>
    public static bool TryFromNumber(decimal number, out DateTimeOffset time, out TimeParseError error)
    {
        var seconds = Math.Abs(number) > LargestSeconds ? number / 1000 : number;
        if (seconds < FirstSecond || seconds > LastSecond)
            return Beyond(out time, out error);
        error = default;
        var microseconds = Math.Round(seconds * 1_000_000m, MidpointRounding.ToEven);
        time = DateTimeOffset.UnixEpoch.AddTicks((long)microseconds * TimeSpan.TicksPerMicrosecond);
        return true;
    }

    /// <summary>
    /// Converts a stored number. Because records contain seconds, a number is interpreted as milliseconds only if it is outside the range
    /// of the calendar as seconds.
    /// </summary>
    public static bool TryFromStoredNumber(decimal number, out DateTimeOffset time) =>
        TryFromNumber(
            Math.Abs(number) > LargestSeconds && number >= FirstSecond && number <= LastSecond ? number * 1000 : number, out time, out _);

    private static bool Beyond(out DateTimeOffset time, out TimeParseError error)
    {
        time = default;
        error = new TimeParseError(BeyondCalendar, OutOfRange: true);
        return false;
    }

    private static bool TryParseDateTime(string text, out DateTimeOffset time)
    {
        time = default;
        var match = DateAndTime.Match(text);
        if (!match.Success || ReasonNotDate(text[..10]) is not null)
            return false;

        int Part(string name) => match.Groups[name].Success ? int.Parse(match.Groups[name].ValueSpan, CultureInfo.InvariantCulture) : 0;
        int hour = Part("hour"), minute = Part("minute"), second = Part("second");
        int zoneHour = Part("zoneHour"), zoneMinute = Part("zoneMinute");
        if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59)
            return false;

        var fraction = match.Groups["fraction"].Value;
        var microseconds = fraction.Length == 0
            ? 0
            : int.Parse(fraction[..Math.Min(6, fraction.Length)].PadRight(6, '0'), CultureInfo.InvariantCulture);
        var local = DateTime.ParseExact(text[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture)
            .Add(new TimeSpan(hour, minute, second))
            .AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
        var offset = new TimeSpan(zoneHour, zoneMinute, 0) * (match.Groups["sign"].Value == "-" ? -1 : 1);
        var utcTicks = local.Ticks - offset.Ticks;
        if (utcTicks < DateTime.MinValue.Ticks || utcTicks > DateTime.MaxValue.Ticks)
            return false;
        time = new DateTimeOffset(utcTicks, TimeSpan.Zero);
        return true;
    }

    /// <summary>Returns the reason why a text does not have the format <c>YYYY-MM-DD</c>; null if it has.</summary>
    private static string? ReasonNotDate(string text)
    {
        if (text.Length < 10)
            return "input is too short";
        if (!AllDigits(text.AsSpan(0, 4)))
            return "invalid character in year";
        if (text[4] != '-')
            return "invalid date separator, expected `-`";
        if (!AllDigits(text.AsSpan(5, 2)))
            return "invalid character in month";
        if (text[7] != '-')
            return "invalid date separator, expected `-`";
        if (!AllDigits(text.AsSpan(8, 2)))
            return "invalid character in day";
        var month = int.Parse(text.AsSpan(5, 2), CultureInfo.InvariantCulture);
        if (month is < 1 or > 12)
            return "month value is outside expected range of 1-12";
        var year = int.Parse(text.AsSpan(0, 4), CultureInfo.InvariantCulture);
        var day = int.Parse(text.AsSpan(8, 2), CultureInfo.InvariantCulture);
        if (year == 0 || day < 1 || day > DateTime.DaysInMonth(year, month))
            return "day value is outside expected range";
        return text.Length > 10 ? "unexpected extra characters at the end of the input" : null;
    }

    private static bool AllDigits(ReadOnlySpan<char> text) => text.IndexOfAnyExceptInRange('0', '9') < 0;

    [GeneratedRegex(@"\A[+-]?[0-9]+(\.[0-9]*)?\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Number { get; }

    [GeneratedRegex(
        @"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt _](?<hour>[0-9]{2}):(?<minute>[0-9]{2})(:(?<second>[0-9]{2})([.,](?<fraction>[0-9]+))?)?" +
        @"([Zz]|(?<sign>[+-])(?<zoneHour>[0-9]{2}):?(?<zoneMinute>[0-9]{2}))?\z",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DateAndTime { get; }
}
