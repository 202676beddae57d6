using System.Globalization;
using CsCheck;
using Porthor.Values;

namespace Porthor.Tests.Values;

/// <summary>Every accepted format of a time, and the reason for each error (contract/api.md 3.4).</summary>
public sealed partial class TimeTextTests
{
    private const string TooShort = "input is too short";
    private const string ExtraCharacters = "unexpected extra characters at the end of the input";
    private const string InvalidSeparator = "invalid date separator, expected `-`";
    private const string InvalidMonth = "month value is outside expected range of 1-12";
    private const string InvalidDay = "day value is outside expected range";
    private const string OutOfRange = "dates after 9999 are not supported as unix timestamps";

    [Theory]
    // Numbers: seconds, or milliseconds if greater than 20 000 000 000.
    [InlineData("0", "1970-01-01T00:00:00.000000")]
    [InlineData("1700000000", "2023-11-14T22:13:20.000000")]
    [InlineData("+1700000000", "2023-11-14T22:13:20.000000")]
    [InlineData("-1", "1969-12-31T23:59:59.000000")]
    [InlineData("1700000000.", "2023-11-14T22:13:20.000000")]
    [InlineData("1700000000.5", "2023-11-14T22:13:20.500000")]
    [InlineData("1700000000.1234564", "2023-11-14T22:13:20.123456")]
    [InlineData("-0.5", "1969-12-31T23:59:59.500000")]
    [InlineData("20000000000", "2603-10-11T11:33:20.000000")]
    [InlineData("20000000001", "1970-08-20T11:33:20.001000")]
    [InlineData("-20000000001", "1969-05-14T12:26:39.999000")]
    [InlineData("1700000000000", "2023-11-14T22:13:20.000000")]
    [InlineData("253402300799000", "9999-12-31T23:59:59.000000")]
    // Dates with a time of day.
    [InlineData("2023-11-14T22:13:20Z", "2023-11-14T22:13:20.000000")]
    [InlineData("2023-11-14t22:13:20z", "2023-11-14T22:13:20.000000")]
    [InlineData("2023-11-14 22:13:20", "2023-11-14T22:13:20.000000")]
    [InlineData("2023-11-14_22:13", "2023-11-14T22:13:00.000000")]
    [InlineData("2023-11-14T22:13Z", "2023-11-14T22:13:00.000000")]
    [InlineData("2023-11-14T22:13:20.5", "2023-11-14T22:13:20.500000")]
    [InlineData("2023-11-14T22:13:20,123456789Z", "2023-11-14T22:13:20.123456")]
    [InlineData("2023-11-14T22:13:20+01:30", "2023-11-14T20:43:20.000000")]
    [InlineData("2023-11-14T22:13:20-0130", "2023-11-14T23:43:20.000000")]
    [InlineData("2023-12-31T23:59:59-00:01", "2024-01-01T00:00:59.000000")]
    [InlineData("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000")]
    [InlineData("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999")]
    // Dates without a time.
    [InlineData("2023-11-14", "2023-11-14T00:00:00.000000")]
    [InlineData("2024-02-29", "2024-02-29T00:00:00.000000")]
    public void A_time_is_read(string text, string time)
    {
        TimeText.TryParse(text, out var read, out var error).ShouldBeTrue(error.Reason);
        read.Offset.ShouldBe(TimeSpan.Zero);
        read.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff", CultureInfo.InvariantCulture).ShouldBe(time);
    }

    /// <summary>
    /// Stored times were written as seconds by Porthor or the reference and can be later than the limit for client input.
    /// </summary>
    [Fact]
    public void A_stored_number_is_seconds_up_to_the_end_of_the_calendar()
    {
        TimeText.TryFromStoredNumber(253_402_300_799, out var time).ShouldBeTrue();
        time.ShouldBe(new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero));
        TimeText.TryFromStoredNumber(20_000_000_001, out time).ShouldBeTrue();
        time.ToUnixTimeSeconds().ShouldBe(20_000_000_001);
        TimeText.TryFromStoredNumber(253_402_300_800, out time).ShouldBeTrue();
        time.ToUnixTimeMilliseconds().ShouldBe(253_402_300_800);
        TimeText.TryFromStoredNumber(253_402_300_800_000, out _).ShouldBeFalse();
        TimeText.TryFromStoredNumber(decimal.MaxValue, out _).ShouldBeFalse();
    }

    [Fact]
    public void Every_time_is_read_as_it_was_written()
    {
        var microsecond = Gen.Long[DateTimeOffset.MinValue.Ticks / 10, DateTimeOffset.MaxValue.Ticks / 10];
        microsecond.Select(number => new DateTimeOffset(number * 10, TimeSpan.Zero)).Sample(time =>
            TimeText.TryParse(time.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture), out var read, out _)
                && read == time);
        Gen.Long[-20_000_000_000, 20_000_000_000].Sample(seconds =>
            TimeText.TryParse($"{seconds}", out var read, out _) && read.ToUnixTimeSeconds() == seconds);
    }

    [Fact]
    public void No_text_crashes_the_parser() =>
        Gen.String[Gen.Char["0123459-+:TZ.,_ "], 0, 30].Sample(text => TimeText.TryParse(text, out _, out var error) == (error == default));

    [Theory]
    [InlineData("2023-11-14T22:13:20Z", "2023-11-14 22:13:20")]
    [InlineData("2023-11-14T22:13:20.5Z", "2023-11-14 22:13:20.500")]
    [InlineData("2023-11-14T22:13:20+01:00", "2023-11-14 21:13:20")]
    public void Logs_show_milliseconds_only_if_they_are_not_zero(string time, string text) =>
        DateTimeOffset.Parse(time).ToLogText().ShouldBe(text);

    [Fact]
    public void Times_are_truncated_to_whole_seconds_of_UTC()
    {
        var truncated = new DateTimeOffset(2023, 11, 14, 23, 13, 20, 999, TimeSpan.FromHours(1)).TruncateToSeconds();
        truncated.ShouldBe(new DateTimeOffset(2023, 11, 14, 22, 13, 20, TimeSpan.Zero));
        truncated.Offset.ShouldBe(TimeSpan.Zero);
    }
}
