using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Porthor.Identity;

namespace Porthor.Server.Login.Local;

/// <summary>
/// Delays clients that guess passwords. Failures are counted per address and user, per address, and per user from anywhere. Each count
/// has a number of free failures; after that the delay doubles with each failure. An IPv6 address is counted as its /64, its /56 and
/// its /48. Failures of others do not delay two kinds of clients: a browser that logged in as the user before (it has only a count of its
/// own), and an address from which the user logged in before (only the counts of this address and its /64 apply).
/// </summary>
/// <remarks>
/// An attempt is charged when it begins and paid back if it succeeds, so that parallel attempts count as attempts in a row. The counts are
/// in the memory of this process, and their number is bounded.
/// </remarks>
internal sealed class LoginThrottle(TimeProvider clock)
{
    /// <summary>As many counts are kept; the oldest go first.</summary>
    public const int MostCounts = 50_000;

    /// <summary>After so long without a failure a count begins anew. Longer than any delay.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);

    /// <summary>
    /// The prefixes of an IPv6 address that are counted, in bytes. One host has a /64; a customer has a /64, a /56 or a /48, depending on
    /// the provider.
    /// </summary>
    private static readonly int[] SixPrefixBytes = [8, 7, 6];

    private static readonly CountKind[] AddressAndUserKinds = [CountKind.AddressAndUser, CountKind.WideAddressAndUser, CountKind.WidestAddressAndUser];

    private static readonly CountKind[] AddressKinds = [CountKind.Address, CountKind.WideAddress, CountKind.WidestAddress];

    private readonly Lock gate = new();
    private readonly Dictionary<CountKey, Count> counts = [];
    private readonly FamiliarAddresses familiar = new();
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
        var networks = NetworksOf(address);
        lock (gate)
        {
            Sweep(now);
            var isFamiliar = familiar.Contains(user, networks[0], now);
            var knownUser = device is not null || isFamiliar ? user : null;
            var charged = device is not null ? [new CountKey(CountKind.Device, device, user)] : KeysOf(user, networks, isFamiliar);
            var wait = TimeSpan.Zero;
            foreach (var key in charged)
            {
                var end = CountOf(key, now).BlockedUntil(key.Kind);
                if (end - now > wait)
                    wait = end - now;
            }
            if (wait > TimeSpan.Zero)
                return new CountedAttempt([], user, networks[0], wait);
            foreach (var key in charged)
                counts[key] = CountOf(key, now).Failed(now);
            return new CountedAttempt(charged, user, networks[0], TimeSpan.Zero) { KnownUser = knownUser };
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
            counts.Remove(new CountKey(CountKind.AddressAndUser, attempt.Network, attempt.Username));
            familiar.Add(attempt.Username, attempt.Network, now);
        }
    }

    /// <summary>Nothing was learnt from it: it succeeded, or the password was never looked at.</summary>
    public void PayBack(CountedAttempt attempt)
    {
        lock (gate)
        {
            foreach (var key in attempt.Charged)
            {
                if (!counts.TryGetValue(key, out var count))
                    continue;
                if (count.Failures > 1)
                    counts[key] = count with { Failures = count.Failures - 1 };
                else
                    counts.Remove(key);
            }
        }
    }

    private Count CountOf(CountKey key, DateTimeOffset now) =>
        !counts.TryGetValue(key, out var count) ? default
        : count.LastFailure + Forgotten <= now ? count with { Failures = 0 }
        : count;

    /// <summary>
    /// Returns the counts that an attempt without a known device is charged to. For a familiar address these are only the counts of
    /// the address itself: other customers may have the rest of a wider prefix.
    /// </summary>
    private static List<CountKey> KeysOf(string user, IReadOnlyList<string> networks, bool isFamiliar)
    {
        List<CountKey> keys = [];
        for (var i = 0; i < (isFamiliar ? 1 : networks.Count); i++)
        {
            keys.Add(new CountKey(AddressAndUserKinds[i], networks[i], user));
            keys.Add(new CountKey(AddressKinds[i], networks[i], ""));
        }
        if (!isFamiliar)
            keys.Add(new CountKey(CountKind.User, "", user));
        return keys;
    }

    private void Sweep(DateTimeOffset now)
    {
        if (counts.Count < MostCounts && now - swept < Forgotten)
            return;
        swept = now;
        foreach (var (key, count) in counts)
        {
            if (count.LastFailure + Forgotten <= now)
                counts.Remove(key);
        }
        // Only an attacker with thousands of addresses causes this. Familiar addresses and known devices are not affected.
        if (counts.Count < MostCounts)
            return;
        foreach (var (key, _) in counts.OrderBy(pair => pair.Value.LastFailure).Take(MostCounts / 10).ToList())
            counts.Remove(key);
    }

    /// <summary>Returns an IPv4 address as it is, and the prefixes of an IPv6 address from the longest to the shortest.</summary>
    private static IReadOnlyList<string> NetworksOf(IPAddress? address) => address switch
    {
        null => [""],
        { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false } =>
            [.. SixPrefixBytes.Select(bytes => Convert.ToHexString(address.GetAddressBytes(), 0, bytes))],
        _ => [address.MapToIPv4().ToString()],
    };
}

/// <summary>An attempt to log in, as the throttle let it begin.</summary>
/// <param name="Charged">The counts that it went up in.</param>
/// <param name="Username">The username; empty if it cannot be the name of a user.</param>
/// <param name="Network">The address, or the /64 of an IPv6 address.</param>
/// <param name="Wait">How long to wait before another; zero if this one may go on.</param>
internal sealed record CountedAttempt(IReadOnlyList<CountKey> Charged, string Username, string Network, TimeSpan Wait)
{
    /// <summary>The user that the client is known for, by its device or its address; null for an unknown client.</summary>
    public string? KnownUser { get; init; }

    public bool IsRefused => Wait > TimeSpan.Zero;

    /// <summary>For <c>Retry-After</c>, and for people.</summary>
    public string WaitSeconds => Math.Ceiling(Wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
}

internal enum CountKind
{
    /// <summary>A browser that logged in as this user before.</summary>
    Device,

    AddressAndUser,

    /// <summary>The /56 of an IPv6 address, and a user.</summary>
    WideAddressAndUser,

    /// <summary>The /48 of an IPv6 address, and a user.</summary>
    WidestAddressAndUser,

    Address,

    /// <summary>The /56 of an IPv6 address.</summary>
    WideAddress,

    /// <summary>The /48 of an IPv6 address.</summary>
    WidestAddress,

    /// <summary>From anywhere.</summary>
    User,
}

internal readonly record struct CountKey(CountKind Kind, string Place, string User);

/// <summary>The number of failures and the delay that follows from it.</summary>
internal readonly record struct Count(int Failures, DateTimeOffset LastFailure)
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
            CountKind.WideAddressAndUser => (10, TimeSpan.FromSeconds(2), Longest),
            CountKind.WidestAddressAndUser => (20, TimeSpan.FromSeconds(2), Longest),
            CountKind.Address => (30, TimeSpan.FromSeconds(2), Longest),
            CountKind.WideAddress => (60, TimeSpan.FromSeconds(2), Longest),
            CountKind.WidestAddress => (120, TimeSpan.FromSeconds(2), Longest),
            CountKind.User => (100, TimeSpan.FromSeconds(1), LongestFromAnywhere),
            _ => (5, TimeSpan.FromSeconds(2), Longest),
        };
        if (Failures < free)
            return DateTimeOffset.MinValue;
        var delay = first * Math.Pow(2, Math.Min(Failures - free, 20));
        return LastFailure + (delay < longest ? delay : longest);
    }
}
