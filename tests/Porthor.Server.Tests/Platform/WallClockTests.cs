using System.Net;
using Porthor.Server.Alerts;
using Porthor.Server.Login.Local;
using Porthor.Server.Login.Oidc;

namespace Porthor.Server.Tests.Platform;

/// <summary>The system time can change while the server runs. Time limits and delays do not depend on it.</summary>
public sealed class WallClockTests
{
    private readonly SteppedClock clock = new();

    [Fact]
    public void A_change_of_the_system_time_does_not_end_or_extend_the_delay_after_failed_logins()
    {
        var throttle = new LoginThrottle(clock);
        for (var i = 0; i < 5; i++)
            throttle.Failed(throttle.Begin("alice", IPAddress.Loopback, device: null));
        clock.Utc += TimeSpan.FromDays(1);
        throttle.Begin("alice", IPAddress.Loopback, device: null).Wait.ShouldBe(TimeSpan.FromSeconds(2));
        clock.Utc -= TimeSpan.FromDays(2);
        clock.Elapsed += TimeSpan.FromSeconds(2);
        throttle.Begin("alice", IPAddress.Loopback, device: null).IsRefused.ShouldBeFalse();
    }

    [Fact]
    public void A_change_of_the_system_time_does_not_change_the_limit_of_alerts()
    {
        var limit = new AlertRateLimit(clock);
        var alert = new Alert("LDAPError", "away");
        limit.Admits(alert, out _).ShouldBeTrue();
        clock.Utc += TimeSpan.FromMinutes(10);
        limit.Admits(alert, out _).ShouldBeFalse();
        clock.Utc -= TimeSpan.FromHours(2);
        clock.Elapsed += TimeSpan.FromMinutes(5);
        limit.Admits(alert, out _).ShouldBeTrue();
        Enumerable.Range(0, 100).Count(i => limit.Admits(alert with { Message = $"{i}" }, out _)).ShouldBe(28);
        clock.Utc += TimeSpan.FromHours(5);
        limit.Admits(alert with { Message = "another" }, out _).ShouldBeFalse();
        clock.Elapsed += TimeSpan.FromHours(1);
        limit.Admits(alert with { Message = "another" }, out _).ShouldBeTrue();
    }

    [Fact]
    public async Task A_change_of_the_system_time_does_not_change_how_often_keys_are_fetched()
    {
        var fetches = 0;
        var keys = new AsyncExpiringLazy<string>(() => Task.FromResult($"keys {++fetches}"), TimeSpan.FromDays(1), clock);
        for (var i = 0; i < 20; i++)
            await FetchEarlyAsync();
        fetches.ShouldBe(1 + AsyncExpiringLazy<string>.MaxEarlyFetches);
        clock.Utc += TimeSpan.FromMinutes(2);
        await FetchEarlyAsync();
        fetches.ShouldBe(1 + AsyncExpiringLazy<string>.MaxEarlyFetches);
        clock.Utc -= TimeSpan.FromHours(2);
        clock.Elapsed += AsyncExpiringLazy<string>.EarlyWindow;
        await FetchEarlyAsync();
        fetches.ShouldBe(2 + AsyncExpiringLazy<string>.MaxEarlyFetches);

        async Task FetchEarlyAsync() =>
            await keys.GetAsync(await keys.GetAsync(otherThan: null, CancellationToken.None), CancellationToken.None);
    }

    private sealed class SteppedClock : TimeProvider
    {
        public DateTimeOffset Utc { get; set; } = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

        public TimeSpan Elapsed { get; set; } = TimeSpan.FromHours(3);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Utc;

        public override long GetTimestamp() => Elapsed.Ticks;
    }
}
