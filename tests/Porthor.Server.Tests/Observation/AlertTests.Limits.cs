using Microsoft.Extensions.Time.Testing;
using Porthor.Server.Alerts;
using Porthor.Server.Configuration;
using Porthor.Server.Logging;

namespace Porthor.Server.Tests.Observation;

public sealed partial class AlertTests
{
    [Fact]
    public void Equal_alerts_are_sent_once_in_five_minutes_and_all_alerts_thirty_times_an_hour()
    {
        var clock = new FakeTimeProvider();
        var limit = new AlertRateLimit(clock);
        var alert = new Alert("LDAPError", "away");
        limit.Admits(alert, out _).ShouldBeTrue();
        for (var i = 0; i < 7; i++)
            limit.Admits(alert, out _).ShouldBeFalse();
        limit.Admits(alert with { Message = "another" }, out _).ShouldBeTrue();
        clock.Advance(TimeSpan.FromMinutes(5));
        limit.Admits(alert, out var leftOut).ShouldBeTrue();
        leftOut.ShouldBe(7);

        var admitted = Enumerable.Range(0, 1000).Count(i => limit.Admits(alert with { Message = $"{i}" }, out _));
        admitted.ShouldBe(30 - 3);
        clock.Advance(TimeSpan.FromHours(1));
        limit.Admits(alert with { Message = "new hour" }, out _).ShouldBeTrue();
    }

    [Theory]
    [InlineData("cannot parse gt-aj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw here", "cannot parse gt-aj792KhFp_aHRBajMaGVPQ.*** here")]
    [InlineData("Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIi", "Authorization: Bearer ***")]
    [InlineData("redis://user:hunter2@host:6379", "redis://user:***@host:6379")]
    [InlineData("Host=db;Username=porthor;Password=hunter2;Database=x", "Host=db;Username=porthor;Password=***;Database=x")]
    [InlineData("nothing secret: token:aj792KhFp_aHRBajMaGVPQ at https://example.com/a:b",
        "nothing secret: token:aj792KhFp_aHRBajMaGVPQ at https://example.com/a:b")]
    public void Alerts_are_redacted(string text, string expected)
    {
        Redaction.Text(text).ShouldBe(expected);
        foreach (var alert in (Func<string, Alert>[])[
            message => new("Fault", message), message => new("Fault", message) { IsUncaught = true }, detail =>
                new("Fault", "") { Detail = detail },
            request => new("Fault", "") { Request = request }, response => new("Fault", "") { Response = response }])
            SlackMessage.Of(alert(text), DateTimeOffset.UnixEpoch).ToJsonString().ShouldBe(
                SlackMessage.Of(alert(expected), DateTimeOffset.UnixEpoch).ToJsonString());
    }

    [Fact]
    public void Sentry_is_configured_by_its_own_variables_and_its_DSN_is_never_printed()
    {
        Read(
            ("SENTRY_DSN", "https://key@sentry.example.com/1"),
            ("SENTRY_ENVIRONMENT", "production")).Sentry!.Environment.ShouldBe("production");
        Read().Sentry.ShouldBeNull();
        var fault =
            Should.Throw<SettingsException>(
                () => Read(("SENTRY_DSN", "https://sekrit-without-host/"), ("SENTRY_TRACES_SAMPLE_RATE", "2"))).Message;
        foreach (var text in (string[])["SENTRY_DSN", "SENTRY_ENVIRONMENT", "SENTRY_TRACES_SAMPLE_RATE"])
            fault.ShouldContain(text);
        fault.ShouldNotContain("sekrit");
    }
}
