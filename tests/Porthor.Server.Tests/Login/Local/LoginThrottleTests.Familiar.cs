using System.Net;
using Porthor.Server.Login.Local;

namespace Porthor.Server.Tests.Login.Local;

public sealed partial class LoginThrottleTests
{
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
}
