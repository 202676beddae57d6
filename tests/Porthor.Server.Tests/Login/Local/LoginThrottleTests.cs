using System.Net;
using Microsoft.Extensions.Time.Testing;
using Porthor.Server.Login.Local;

namespace Porthor.Server.Tests.Login.Local;

/// <summary>The delays after failed logins, and the clients without a delay.</summary>
public sealed class LoginThrottleTests
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
        var turning = new SettableClock { Now = clock.GetUtcNow() };
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

    /// <summary>Concurrent correct logins of one user at one address all succeed.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("laptop")]
    public async Task Simultaneous_correct_logins_wait_for_each_other(string? device)
    {
        var attempts = Enumerable.Range(0, 20).Select(_ => BeginAsync(device)).ToList();
        attempts.Count(attempt => attempt.IsCompleted).ShouldBe(5);
        while (attempts.Count > 0)
        {
            var next = await Task.WhenAny(attempts);
            attempts.Remove(next);
            var begun = await next;
            begun.IsRefused.ShouldBeFalse();
            throttle.Succeeded(begun);
        }
        WaitOf("alice", Home, device).ShouldBe(0);
    }

    /// <summary>
    /// Waiting attempts are rejected when the attempts before them fail: no more passwords are checked than in sequential attempts.
    /// </summary>
    [Fact]
    public async Task Concurrent_guesses_are_limited_like_sequential_guesses()
    {
        var attempts = Enumerable.Range(0, 20).Select(_ => BeginAsync()).ToList();
        foreach (var attempt in attempts.Take(5))
            throttle.Failed(await attempt);
        foreach (var attempt in attempts.Skip(5))
            (await attempt).WaitSeconds.ShouldBe("2");
        // After the delay one attempt is checked, and the others wait for its result.
        clock.Advance(TimeSpan.FromSeconds(2));
        attempts = [.. Enumerable.Range(0, 20).Select(_ => BeginAsync())];
        attempts.Count(attempt => attempt.IsCompleted).ShouldBe(1);
        throttle.Failed(await attempts[0]);
        foreach (var attempt in attempts.Skip(1))
            (await attempt).WaitSeconds.ShouldBe("4");
    }

    /// <summary>Attempts without a check, or whose client has disconnected, free their places.</summary>
    [Fact]
    public async Task Ended_attempts_free_places_for_waiting_ones()
    {
        var begun = Enumerable.Range(0, 5).Select(_ => throttle.Begin("alice", Home, device: null)).ToList();
        using var gone = new CancellationTokenSource();
        var first = throttle.BeginAsync("alice", Home, device: null, gone.Token);
        var second = BeginAsync();
        await gone.CancelAsync();
        (await first).IsRefused.ShouldBeTrue();
        second.IsCompleted.ShouldBeFalse();
        throttle.PayBack(begun[0]);
        (await second).IsRefused.ShouldBeFalse();
    }

    [Fact]
    public async Task The_number_of_waiting_attempts_is_limited()
    {
        for (var network = 0; network < 10; network++)
        {
            for (var i = 0; i < 5; i++)
                throttle.Begin("alice", Address(network), device: null).IsRefused.ShouldBeFalse();
        }
        List<Task<CountedAttempt>> waiting = [];
        for (var i = 0; i < 50 * 10; i++)
            waiting.Add(throttle.BeginAsync("alice", Address(i / 50), device: null, TestContext.Current.CancellationToken));
        waiting.Count(attempt => !attempt.IsCompleted).ShouldBe(LoginThrottle.MaxWaiting);
        waiting.Take(50).Count(attempt => !attempt.IsCompleted).ShouldBe(LoginThrottle.MaxWaitingPerNetwork);
        (await waiting[49]).WaitSeconds.ShouldBe("2");
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

    [Fact]
    public void Attackers_at_many_addresses_do_not_delay_familiar_addresses()
    {
        // Alice logged in at home, and with her browser at another address.
        Succeed("alice", Home);
        var device = throttle.Begin("alice", Address(1), "laptop");
        throttle.Succeeded(device);
        for (var i = 2; i < 120; i++)
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            Fail(1, "alice", Address(i));
        }

        // At a new address, the client can be Alice or another attacker.
        WaitOf("alice", Address(200)).ShouldBeInRange(1, 60);
        // At home and with her browser there is no delay.
        WaitOf("alice", Home).ShouldBe(0);
        WaitOf("alice", Address(201), "laptop").ShouldBe(0);
        // The same applies if an attacker uses the same address.
        for (var i = 0; i < 30; i++)
            throttle.Failed(throttle.Begin("alice", Home, device: null));
        WaitOf("alice", Home).ShouldBeGreaterThan(0);
        WaitOf("alice", Home, "laptop").ShouldBe(0);
        // Other users are not affected.
        WaitOf("bob", Address(200)).ShouldBe(0);
    }

    /// <summary>An attacker with a stolen device cookie gets a few more attempts only.</summary>
    [Fact]
    public void A_known_browser_is_slowed_down_too()
    {
        throttle.Succeeded(throttle.Begin("alice", Home, "laptop"));
        for (var i = 0; i < 5; i++)
            FailOnce("alice", Address(i), "laptop");
        WaitOf("alice", Address(9), "laptop").ShouldBe(2);
    }

    [Fact]
    public void All_invalid_usernames_are_counted_as_one()
    {
        Fail(5, "no such name!", Home);
        WaitOf("another impossible one!", Home).ShouldBe(2);
        WaitOf("alice", Home).ShouldBe(0);
    }

    /// <summary>A customer of a provider can have a /56 or a /48 prefix, and use a new /64 for each attempt.</summary>
    [Theory]
    [InlineData("2001:db8:1:12{0:x2}::1", 10)]
    [InlineData("2001:db8:1:{0:x2}00::1", 20)]
    public void Addresses_of_one_IPv6_prefix_are_counted_together(string format, int free)
    {
        IPAddress Next(int number) => IPAddress.Parse(string.Format(System.Globalization.CultureInfo.InvariantCulture, format, number));
        for (var i = 0; i < free; i++)
            Fail(1, "alice", Next(i));
        WaitOf("alice", Next(200)).ShouldBe(2);
        WaitOf("alice", IPAddress.Parse("2001:db8:2::1")).ShouldBe(0);
        // Attempts with other names from this prefix count too.
        for (var i = free; i < 6 * free; i++)
            Fail(1, $"user-{i}x", Next(i));
        WaitOf("bob", Next(201)).ShouldBe(2);
        WaitOf("bob", IPAddress.Parse("2001:db8:2::1")).ShouldBe(0);
    }

    /// <summary>A customer with a /64 is not delayed at a familiar address by another customer in the same /48.</summary>
    [Fact]
    public void A_familiar_IPv6_address_is_not_delayed_by_others_in_its_prefix()
    {
        Succeed("alice", IPAddress.Parse("2001:db8:1:2::1"));
        for (var i = 0; i < 20; i++)
            Fail(1, "alice", IPAddress.Parse($"2001:db8:1:{i + 1:x2}00::1"));
        WaitOf("alice", IPAddress.Parse("2001:db8:1:fff::1")).ShouldBeGreaterThan(0);
        WaitOf("alice", IPAddress.Parse("2001:db8:1:2::2")).ShouldBe(0);
        throttle.Begin("alice", IPAddress.Parse("2001:db8:1:2::2"), device: null).KnownUser.ShouldBe("alice");
        throttle.Begin("bob", IPAddress.Parse("2001:db8:1:2::2"), device: null).KnownUser.ShouldBeNull();
        throttle.Begin("bob", IPAddress.Parse("2001:db8:1:2::2"), "laptop").KnownUser.ShouldBe("bob");
    }

    /// <summary>An attack from any number of addresses removes counts, but no familiar addresses.</summary>
    [Fact]
    public void Familiar_addresses_are_kept_during_an_attack()
    {
        Succeed("alice", Home);
        clock.Advance(TimeSpan.FromMinutes(1));
        for (var i = 0; i < LoginThrottle.MostCounts; i++)
            throttle.Begin($"user-{i}x", new IPAddress((uint)i), device: null);
        throttle.Begin("alice", Home, device: null).KnownUser.ShouldBe("alice");
        clock.Advance(TimeSpan.FromDays(30));
        throttle.Begin("alice", Home, device: null).KnownUser.ShouldBeNull();
    }

    [Fact]
    public void The_memory_is_limited()
    {
        for (var i = 0; i < LoginThrottle.MostCounts; i++)
            Fail(1, $"user-{i}x", new IPAddress((uint)i));
        throttle.Held.ShouldBeInRange(LoginThrottle.MostCounts / 2, LoginThrottle.MostCounts + 3);
        // The memory is freed when it is no longer needed.
        clock.Advance(TimeSpan.FromHours(2));
        Fail(1, "alice", Home);
        throttle.Held.ShouldBe(3);
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
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
