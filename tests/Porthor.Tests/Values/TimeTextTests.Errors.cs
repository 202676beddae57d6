using Porthor.Values;

namespace Porthor.Tests.Values;

public sealed partial class TimeTextTests
{
    [Theory]
    [InlineData("", TooShort)]
    [InlineData("soon", TooShort)]
    [InlineData("2023-1-1", TooShort)]
    [InlineData("1e9", TooShort)]
    [InlineData("1_000", TooShort)]
    [InlineData("- 1", TooShort)]
    [InlineData("٣", TooShort)]
    [InlineData("2O23-11-14", "invalid character in year")]
    [InlineData("+1700000000x", "invalid character in year")]
    [InlineData("2023/11/14", InvalidSeparator)]
    [InlineData("2023-1x-14", "invalid character in month")]
    [InlineData("2023-11/14", InvalidSeparator)]
    [InlineData("2023-11-1x", "invalid character in day")]
    [InlineData("2023-00-14", InvalidMonth)]
    [InlineData("2023-13-14", InvalidMonth)]
    [InlineData("2023-11-00", InvalidDay)]
    [InlineData("2023-11-31", InvalidDay)]
    [InlineData("2023-02-29", InvalidDay)]
    [InlineData("0000-01-01", InvalidDay)]
    [InlineData("10000-01-01", InvalidSeparator)]
    [InlineData("2023-11-14T", ExtraCharacters)]
    [InlineData("2023-11-14 ", ExtraCharacters)]
    [InlineData("2023-11-14\n", ExtraCharacters)]
    [InlineData("2023-11-14T22", ExtraCharacters)]
    [InlineData("2023-11-14T24:00", ExtraCharacters)]
    [InlineData("2023-11-14T22:60", ExtraCharacters)]
    [InlineData("2023-11-14T22:13:60Z", ExtraCharacters)]
    [InlineData("2023-11-14T22:13:20.", ExtraCharacters)]
    [InlineData("2023-11-14T22:13:20 Z", ExtraCharacters)]
    [InlineData("2023-11-14T22:13:20+1", ExtraCharacters)]
    [InlineData("2023-11-14T22:13:20+24:00", ExtraCharacters)]
    [InlineData("2023-11-14T22:13:20Z\n", ExtraCharacters)]
    [InlineData("2023-11-14  22:13", ExtraCharacters)]
    [InlineData("0001-01-01T00:00:00+01:00", ExtraCharacters)]
    [InlineData("9999-12-31T23:59:59-01:00", ExtraCharacters)]
    public void An_invalid_time_is_rejected_with_the_error_of_a_date(string text, string reason)
    {
        TimeText.TryParse(text, out _, out var error).ShouldBeFalse();
        error.ShouldBe(new TimeParseError(reason, OutOfRange: false));
    }

    [Theory]
    [InlineData("253402300800000")]
    [InlineData("-62135596801000")]
    [InlineData("99999999999999999999999999999999999999")]
    public void A_number_beyond_the_calendar_is_rejected(string text)
    {
        TimeText.TryParse(text, out _, out var error).ShouldBeFalse();
        error.ShouldBe(new TimeParseError(OutOfRange, OutOfRange: true));
    }
}
