using System.Net;
using Microsoft.Extensions.Time.Testing;
using Porthor.Server.Login.Local;

namespace Porthor.Server.Tests.Login.Local;

/// <summary>The delays after failed logins, and the clients without a delay.</summary>
public sealed partial class LoginThrottleTests
{
    private static readonly IPAddress Home = IPAddress.Parse("192.0.2.1");

    private readonly FakeTimeProvider clock = new();
    private readonly LoginThrottle throttle;

    public LoginThrottleTests() => throttle = new LoginThrottle(clock);

    [Fact]
    public void Five_failures_are_free_and_then_the_delay_doubles()
    {
        Fail(5, "alice", Home);
        foreach (var seconds in (int[])[2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900])
        {
            WaitOf("alice", Home).ShouldBe(seconds);
            // An attempt in the meantime neither helps nor extends the delay.
            clock.Advance(TimeSpan.FromSeconds(seconds - 1));
            WaitOf("alice", Home).ShouldBe(1);
            clock.Advance(TimeSpan.FromSeconds(1));
            Fail(1, "alice", Home);
        }
        // After one hour without attempts the count is reset.
        clock.Advance(TimeSpan.FromHours(1));
        Fail(5, "alice", Home);
    }

    [Fact]
    public void A_successful_login_resets_earlier_failures()
    {
        Fail(4, "alice", Home);
        Succeed("alice", Home);
        Fail(5, "alice", Home);
        WaitOf("alice", Home).ShouldBe(2);
    }

    /// <summary>Of two concurrent attempts, the second one to be counted can have read the clock first.</summary>
    [Fact]
    public void No_attempt_waits_for_one_that_started_later()
    {
        var turning = new SettableClock { Now = TimeSpan.FromHours(1) };
        var throttleOfTwo = new LoginThrottle(turning);
        throttleOfTwo.Begin("alice", Home, device: null).IsRefused.ShouldBeFalse();
        turning.Now -= TimeSpan.FromMilliseconds(1);
        throttleOfTwo.Begin("alice", Home, device: null).IsRefused.ShouldBeFalse();
        throttleOfTwo.Begin("bob", Home, device: null).IsRefused.ShouldBeFalse();
    }

    /// <summary>An attempt counts from its start, so that concurrent attempts cannot avoid the limit.</summary>
    [Fact]
    public void Concurrent_attempts_count_like_sequential_attempts()
    {
        var begun = Enumerable.Range(0, 20).Select(_ => throttle.Begin("alice", Home, device: null)).ToList();
        begun.Count(attempt => !attempt.IsRefused).ShouldBe(5);
        // Attempts whose password was not checked are not counted.
        foreach (var attempt in begun)
            throttle.PayBack(attempt);
        Fail(5, "alice", Home);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData(null, null, true)]
    [InlineData(null, "192.0.2.1", false)]
    public void Addresses_of_one_customer_are_counted_together(string? failing, string? trying, bool same)
    {
        IPAddress? Address(string? text) => text is null ? null : IPAddress.Parse(text);
        Fail(5, "alice", Address(failing));
        (WaitOf("alice", Address(trying)) > 0).ShouldBe(same);
    }

    [Fact]
    public void Many_names_from_one_address_are_slowed_down_too()
    {
        for (var i = 0; i < 30; i++)
            Fail(1, $"user-{i}x", Home);
        WaitOf("another", Home).ShouldBe(2);
        WaitOf("another", Address(2)).ShouldBe(0);
        // A login of the attacker's own account in between does not allow more attempts.
        clock.Advance(TimeSpan.FromSeconds(2));
        Succeed("mallory", Home);
        Fail(1, "another", Home);
        WaitOf("another", Home).ShouldBe(4);
    }

    private static IPAddress Address(int number) => new([198, 51, 100, (byte)number]);

    private Task<CountedAttempt> BeginAsync(string? device = null) =>
        throttle.BeginAsync("alice", Home, device, TestContext.Current.CancellationToken);

    private int WaitOf(string username, IPAddress? address, string? device = null)
    {
        var attempt = throttle.Begin(username, address, device);
        if (!attempt.IsRefused)
            throttle.PayBack(attempt);
        return int.Parse(attempt.WaitSeconds);
    }

    private void Fail(int times, string username, IPAddress? address)
    {
        for (var i = 0; i < times; i++)
            FailOnce(username, address, device: null);
    }

    private void FailOnce(string username, IPAddress? address, string? device)
    {
        var attempt = throttle.Begin(username, address, device);
        attempt.IsRefused.ShouldBeFalse();
        throttle.Failed(attempt);
    }

    private void Succeed(string username, IPAddress? address)
    {
        var attempt = throttle.Begin(username, address, device: null);
        attempt.IsRefused.ShouldBeFalse();
        throttle.Succeeded(attempt);
    }

    /// <summary>A clock that can also be set back.</summary>
    private sealed class SettableClock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
