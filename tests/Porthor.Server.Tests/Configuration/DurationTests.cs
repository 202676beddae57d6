using CsCheck;
using Porthor.Server.Configuration;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>Time spans in settings (contract/configuration.md 1).</summary>
public sealed class DurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("600", 600)]
    [InlineData(" 600 ", 600)]
    [InlineData("1.5", 1.5)]
    [InlineData("-30", -30)]
    [InlineData("5s", 5)]
    [InlineData("4m", 240)]
    [InlineData("3h", 10_800)]
    [InlineData("2d", 172_800)]
    [InlineData("1w", 604_800)]
    [InlineData("1w2d3h4m5s", 788_645)]
    [InlineData("1w 2d 3h 4m 5s", 788_645)]
    [InlineData("1 week 2 days 3 hours 4 minutes 5 seconds", 788_645)]
    [InlineData("2 weeks 1 day 1 hour 1 minute 1 second", 1_299_661)]
    [InlineData("1hr 2mins 3secs", 3723)]
    [InlineData("1min 1sec", 61)]
    [InlineData("90m", 5400)]
    [InlineData("1h 30m", 5400)]
    [InlineData("0d", 0)]
    public void A_time_span_is_seconds_or_units_in_order(string text, double seconds) =>
        Duration.TryParse(text).ShouldBe(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("soon")]
    [InlineData("30m 1h")]
    [InlineData("1h 1h")]
    [InlineData("1.5h")]
    [InlineData("-1h")]
    [InlineData("1D")]
    [InlineData("1y")]
    [InlineData("1 month")]
    [InlineData("1h,30m")]
    [InlineData("h")]
    [InlineData("٣h")]
    [InlineData("1e3")]
    [InlineData("9999999999999999999999999999999")]
    [InlineData("99999999999999999999w")]
    [InlineData("9999999999999999w")]
    public void An_invalid_time_span_is_rejected(string text)
    {
        Duration.TryParse(text).ShouldBeNull();
        Errors($"tokenLifetime: '{text}'").ShouldBe(
            [$"tokenLifetime: '{text}': Could not parse '{text}' as a time duration; write seconds, or for example 30d or 1h 30m"]);
    }

    [Fact]
    public void Units_add_up() => Gen.Select(Gen.Int[0, 99], Gen.Int[0, 99], Gen.Int[0, 99], Gen.Int[0, 99], Gen.Int[0, 99]).Sample(
        (w, d, h, m, s) =>
        Duration.TryParse($"{w}w{d}d {h}h{m}m {s}s") == TimeSpan.FromSeconds((((((((w * 7) + d) * 24) + h) * 60) + m) * 60) + s));

    [Fact]
    public void Arbitrary_text_is_rejected_without_another_exception() =>
        Gen.String[Gen.Char["0159wdhms. -e"], 0, 30].Sample(text => _ = Duration.TryParse(text));

    [Theory]
    [InlineData("tokenLifetime: 600", 600)]
    [InlineData("tokenLifetime: 10m", 600)]
    [InlineData("tokenLifetime: '30 days'", 2_592_000)]
    [InlineData("", 2_592_000)]
    [InlineData("tokenLifetime:", 2_592_000)]
    public void Tokens_have_the_configured_lifetime(string yaml, long seconds) =>
        Load(yaml).Tokens.Lifetime.ShouldBe(TimeSpan.FromSeconds(seconds));
}
