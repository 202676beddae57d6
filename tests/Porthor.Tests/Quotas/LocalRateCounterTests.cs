using Microsoft.Extensions.Time.Testing;
using Porthor.Quotas;
using Porthor.Storage;

namespace Porthor.Tests.Quotas;

/// <summary>
/// Rate limit windows of one minute that start at the first request (contract/ingress.md 8). RAT-001 to RAT-004 without a server.
/// </summary>
public sealed class LocalRateCounterTests
{
    private static readonly RateKey Key = new("some-user", "test", 2);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    // Not a whole minute: windows start at requests, not at whole minutes of the clock.
    private readonly FakeTimeProvider clock = new(new DateTimeOffset(2026, 10, 21, 7, 27, 41, 500, TimeSpan.Zero));
    private readonly LocalRateCounter counter;

    public LocalRateCounterTests() => counter = new LocalRateCounter(clock);

    [Fact]
    public async Task A_window_lasts_a_minute_from_its_first_request()
    {
        (await CountAsync(Key)).ShouldBe(new RateCount(1, Minute));

        // Later requests increment the counter, beyond the quota too, and do not extend the window.
        clock.Advance(TimeSpan.FromSeconds(20));
        (await CountAsync(Key)).ShouldBe(new RateCount(2, TimeSpan.FromSeconds(40)));
        clock.Advance(TimeSpan.FromSeconds(39.999));
        (await CountAsync(Key)).ShouldBe(new RateCount(3, TimeSpan.FromMilliseconds(1)));

        // The first request at or after the end of the window starts the next window.
        clock.Advance(TimeSpan.FromMilliseconds(1));
        (await CountAsync(Key)).ShouldBe(new RateCount(1, Minute));
        clock.Advance(TimeSpan.FromMinutes(10));
        (await CountAsync(Key)).ShouldBe(new RateCount(1, Minute));
    }

    /// <summary>An administrator or NTP can change the system time while a window is open.</summary>
    [Theory]
    [InlineData(7200)]
    [InlineData(-7200)]
    public async Task A_change_of_the_system_time_does_not_change_a_window(int seconds)
    {
        var adjustable = new AdjustableClock();
        var other = new LocalRateCounter(adjustable);
        await other.CountAsync(Key, TestContext.Current.CancellationToken);
        adjustable.Advance(TimeSpan.FromSeconds(10));
        adjustable.Shift = TimeSpan.FromSeconds(seconds);
        (await other.CountAsync(Key, TestContext.Current.CancellationToken)).ShouldBe(new RateCount(2, TimeSpan.FromSeconds(50)));
        adjustable.Advance(TimeSpan.FromSeconds(50));
        (await other.CountAsync(Key, TestContext.Current.CancellationToken)).ShouldBe(new RateCount(1, Minute));
    }

    /// <summary>A clock whose system time can be changed without a change of its timestamps.</summary>
    private sealed class AdjustableClock : FakeTimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;

        public override long GetTimestamp() => base.GetUtcNow().UtcTicks;
    }

    /// <summary>Expired windows are removed periodically. A window also ends if it was not removed.</summary>
    [Fact]
    public async Task A_window_ends_even_if_it_was_not_removed()
    {
        // Requests of another user trigger the removals at 0 and 60 seconds, but not at 70 seconds, when this window ends.
        var other = Key with { Username = "other" };
        await CountAsync(other);
        clock.Advance(TimeSpan.FromSeconds(10));
        await CountAsync(Key);
        clock.Advance(TimeSpan.FromSeconds(50));
        await CountAsync(other);
        clock.Advance(TimeSpan.FromSeconds(10));
        (await CountAsync(Key)).ShouldBe(new RateCount(1, Minute));
    }

    [Fact]
    public async Task Users_services_and_quotas_have_separate_counters()
    {
        await CountAsync(Key);
        clock.Advance(TimeSpan.FromSeconds(10));
        foreach (var other in (RateKey[])[
            Key with { Username = "other" }, Key with { Service = "other" }, Key with { Quota = 3 }, new("Some-User", "test", 2)])
            (await CountAsync(other)).ShouldBe(new RateCount(1, Minute), $"{other}");
        (await CountAsync(new RateKey("some-user", "test", 2))).ShouldBe(new RateCount(2, TimeSpan.FromSeconds(50)));
    }

    /// <summary>The removal of expired windows keeps open windows.</summary>
    [Fact]
    public async Task Removing_expired_windows_keeps_open_windows()
    {
        await CountAsync(Key);
        for (var second = 1; second < 300; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            var expected = (second % 60) + 1;
            (await CountAsync(Key)).ShouldBe(new RateCount(expected, TimeSpan.FromSeconds(61 - expected)), $"second {second}");

            // Each second a different user sends one request.
            (await CountAsync(new RateKey($"user-{second}", "test", 2))).Count.ShouldBe(1);
        }
    }

    [Fact]
    public async Task Concurrent_requests_are_all_counted()
    {
        var counts = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => Task.Run(() => CountAsync(Key))));
        counts.Select(count => count.Count).Order().ShouldBe(Enumerable.Range(1, 1000).Select(count => (long)count));
    }

    private Task<RateCount> CountAsync(RateKey key) => counter.CountAsync(key, TestContext.Current.CancellationToken);
}
