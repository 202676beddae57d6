using Porthor.Server.Configuration;
using Porthor.Tokens;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

public sealed partial class SettingsValueTests
{
    [Fact]
    public void Time_limits_have_defaults_and_ranges()
    {
        var settings = Load("");
        (settings.AnswerTimeout, settings.ApiTimeout, settings.StartTimeout, settings.ShutdownDelay)
            .ShouldBe((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.Zero));
        // With other nodes, a node waits before it stops, so that proxies can switch to them.
        Load("databaseUrl: 'postgresql://u@db/porthor'", SettingsScope.Stores).ShutdownDelay.ShouldBe(TimeSpan.FromSeconds(1));
        settings = Load("answerTimeout: 0.5\napiTimeout: 1m\nstartTimeout: 0\nshutdownDelay: 10s");
        (settings.AnswerTimeout, settings.ApiTimeout, settings.StartTimeout, settings.ShutdownDelay)
            .ShouldBe((TimeSpan.FromSeconds(0.5), TimeSpan.FromMinutes(1), TimeSpan.Zero, TimeSpan.FromSeconds(10)));
        Errors("answerTimeout: 0\napiTimeout: 0.5\nstartTimeout: 2h\nshutdownDelay: 61").ShouldBe([
            "answerTimeout: '0': must be from 0.1 to 30 seconds", "apiTimeout: '0.5': must be from 1 to 300 seconds",
            "startTimeout: '2h': must be from 0 to 3600 seconds", "shutdownDelay: '61': must be from 0 to 60 seconds"]);
    }

    [Fact]
    public void Limits_on_tokens_have_defaults_and_ranges()
    {
        Load("").Tokens.Limits.ShouldBe(new TokenLimits { Live = 1000, CreationsPerMinute = 60 });
        Load("tokenLimits: {}").Tokens.Limits.ShouldBe(new TokenLimits { Live = 1000, CreationsPerMinute = 60 });
        Load("tokenLimits: {live: 5}").Tokens.Limits.ShouldBe(new TokenLimits { Live = 5, CreationsPerMinute = 60 });
        Load("tokenLimits: {live: 0, creationsPerMinute: 0}").Tokens.Limits.Any.ShouldBeFalse();
        Errors("tokenLimits: {live: -1, creationsPerMinute: 1000001, lives: 1}").ShouldBe(
            [
                "tokenLimits.live: '-1': must be from 0 (no limit) to 1000000",
                "tokenLimits.creationsPerMinute: '1000001': must be from 0 (no limit) to 1000000",
                "tokenLimits.lives: Extra inputs are not permitted",
            ],
            ignoreOrder: true);
    }

    [Theory]
    [InlineData("tokenLifetime")]
    [InlineData("tokenPolicy: {maxUserLifetime")]
    [InlineData("tokenPolicy: {maxServiceLifetime")]
    [InlineData("tokenPolicy: {defaultUserLifetime")]
    [InlineData("tokenUse: {retention")]
    public void A_time_span_beyond_a_century_is_rejected(string key)
    {
        var end = key.Contains('{', StringComparison.Ordinal) ? "}" : "";
        foreach (var span in (string[])["5000000d", "36501d", "-1"])
            Errors($"{key}: '{span}'{end}")
                .ShouldContain($"{key.Replace(": {", ".", StringComparison.Ordinal)}: '{span}': must be a time span from 0 to 36500 days");
        Load($"{key}: '36500d'{end}").ShouldNotBeNull();
    }
}
