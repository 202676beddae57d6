using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Porthor.Users;

namespace Porthor.Server.Login.Local;

/// <summary>
/// Slows down whoever guesses passwords, and nobody else. Failures are counted per address and user, per address, and per
/// user from anywhere; each count has some that are free and then a delay that doubles. Two kinds of visitors are not held up by what
/// others do to a user's name: a browser that logged in as that user before (it has a count of its own alone), and an
/// address from which they did (which is spared the count from anywhere).
/// </summary>
/// <remarks>
/// An attempt is charged when it begins and paid back if it succeeds, so that a thousand at once are no more than a thousand
/// in a row. What is known is in this process's memory, and bounded.
/// </remarks>
internal sealed class LoginThrottle(TimeProvider clock)
{
    /// <summary>As many counts are kept; the oldest go first.</summary>
    public const int MostCounts = 50_000;

    /// <summary>After so long without a failure a count begins anew. Longer than any delay.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);

    private static readonly TimeSpan FamiliarFor = TimeSpan.FromDays(30);

    /// <summary>An IPv6 site has at least this much, and an attacker all of it.</summary>
    private const int SixPrefixBytes = 8;

    private readonly Lock gate = new();
    private readonly Dictionary<CountKey, Count> counts = [];
    private DateTimeOffset swept;

    /// <summary>How many counts there are.</summary>
    public int Held
    {
        get
        {
            lock (gate)
                return counts.Count;
        }
    }

    /// <summary>Charges an attempt, unless there were too many already; then it says how long to wait.</summary>
    /// <param name="username">As it was typed; it need not be anybody's.</param>
    /// <param name="device">The mark of a browser that logged in as this user before; null for others.</param>
    public CountedAttempt Begin(string username, IPAddress? address, string? device)
    {
        var now = clock.GetUtcNow();
        // What can be nobody's name need not be told apart, nor remembered.
        var user = UserRules.IsUsername(username) ? username : "";
        var network = NetworkOf(address);
        var here = new CountKey(CountKind.AddressAndUser, network, user);
        lock (gate)
        {
            Sweep(now);
            CountKey[] charged = device is not null ? [new CountKey(CountKind.Device, device, user)]
                : IsFamiliar(here, now) ? [here, new CountKey(CountKind.Address, network, "")]
                : [here, new CountKey(CountKind.Address, network, ""), new CountKey(CountKind.User, "", user)];
            var wait = TimeSpan.Zero;
            foreach (var key in charged)
            {
                var end = CountOf(key, now).BlockedUntil(key.Kind);
                if (end - now > wait)
                    wait = end - now;
            }
            if (wait > TimeSpan.Zero)
                return new CountedAttempt([], here, wait);
            foreach (var key in charged)
                counts[key] = CountOf(key, now).Failed(now);
            return new CountedAttempt(charged, here, TimeSpan.Zero);
        }
    }

    /// <summary>It was the user. What they mistyped here before is forgiven; what others tried on their name is not.</summary>
    public void Succeeded(CountedAttempt attempt)
    {
        var now = clock.GetUtcNow();
        PayBack(attempt);
        lock (gate)
        {
            foreach (var key in attempt.Charged)
            {
                if (key.Kind == CountKind.Device)
                    counts.Remove(key);
            }
            counts[attempt.Here] = new Count(0, now, now);
        }
    }

    /// <summary>Nothing was learnt from it: it succeeded, or the password was never looked at.</summary>
    public void PayBack(CountedAttempt attempt)
    {
        lock (gate)
        {
            foreach (var key in attempt.Charged)
            {
                if (counts.TryGetValue(key, out var count))
                    counts[key] = count with { Failures = Math.Max(0, count.Failures - 1) };
            }
        }
    }

    private Count CountOf(CountKey key, DateTimeOffset now) =>
        !counts.TryGetValue(key, out var count) ? default
        : count.LastFailure + Forgotten <= now ? count with { Failures = 0 }
        : count;

    private bool IsFamiliar(CountKey here, DateTimeOffset now) =>
        counts.TryGetValue(here, out var count) && count.LastSuccess is { } success && success + FamiliarFor > now;

    private void Sweep(DateTimeOffset now)
    {
        if (counts.Count < MostCounts && now - swept < Forgotten)
            return;
        swept = now;
        foreach (var (key, count) in counts)
        {
            if (count.LastFailure + Forgotten <= now && !IsFamiliar(key, now))
                counts.Remove(key);
        }
        // It takes an attacker some thousand addresses to come here, and then costs others no more than their good name.
        if (counts.Count < MostCounts)
            return;
        foreach (var (key, _) in counts.OrderBy(pair => pair.Value.LastFailure).Take(MostCounts / 10).ToList())
            counts.Remove(key);
    }

    private static string NetworkOf(IPAddress? address) => address switch
    {
        null => "",
        { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false } => Convert.ToHexString(address.GetAddressBytes(), 0, SixPrefixBytes),
        _ => address.MapToIPv4().ToString(),
    };
}

/// <summary>An attempt to log in, as the throttle let it begin.</summary>
/// <param name="Charged">The counts that it went up in.</param>
/// <param name="Here">The count of this user at this address.</param>
/// <param name="Wait">How long to wait before another; zero if this one may go on.</param>
internal sealed record CountedAttempt(IReadOnlyList<CountKey> Charged, CountKey Here, TimeSpan Wait)
{
    public bool IsRefused => Wait > TimeSpan.Zero;

    /// <summary>For <c>Retry-After</c>, and for people.</summary>
    public string WaitSeconds => Math.Ceiling(Wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
}

internal enum CountKind
{
    /// <summary>A browser that logged in as this user before.</summary>
    Device,

    AddressAndUser,
    Address,

    /// <summary>From anywhere.</summary>
    User,
}

internal readonly record struct CountKey(CountKind Kind, string Place, string User);

/// <summary>Failures, and what follows from them.</summary>
/// <param name="LastSuccess">Null if there never was one.</param>
internal readonly record struct Count(int Failures, DateTimeOffset LastFailure, DateTimeOffset? LastSuccess)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Short, because it is the only delay that many strangers together can put on somebody at a new place; still, it leaves
    /// them some 1,500 guesses a day.
    /// </summary>
    private static readonly TimeSpan LongestFromAnywhere = TimeSpan.FromMinutes(1);

    public Count Failed(DateTimeOffset now) => this with { Failures = Failures + 1, LastFailure = now };

    public DateTimeOffset BlockedUntil(CountKind kind)
    {
        var (free, first, longest) = kind switch
        {
            CountKind.Address => (30, TimeSpan.FromSeconds(2), Longest),
            CountKind.User => (100, TimeSpan.FromSeconds(1), LongestFromAnywhere),
            _ => (5, TimeSpan.FromSeconds(2), Longest),
        };
        if (Failures < free)
            return DateTimeOffset.MinValue;
        var delay = first * Math.Pow(2, Math.Min(Failures - free, 20));
        return LastFailure + (delay < longest ? delay : longest);
    }
}
