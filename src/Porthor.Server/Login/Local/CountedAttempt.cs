using System.Globalization;

namespace Porthor.Server.Login.Local;

/// <summary>An attempt to log in, as the throttle let it begin.</summary>
/// <param name="Charged">The counts that it went up in.</param>
/// <param name="Username">The username; empty if it cannot be the name of a user.</param>
/// <param name="Network">The address, or the /64 of an IPv6 address.</param>
/// <param name="Wait">How long to wait before another; zero if this one may go on.</param>
internal sealed record CountedAttempt(IReadOnlyList<CountKey> Charged, string Username, string Network, TimeSpan Wait)
{
    /// <summary>The user that the client is known for, by its device or its address; null for an unknown client.</summary>
    public string? KnownUser { get; init; }

    /// <summary>Whether the attempt is refused only because others are not settled yet.</summary>
    public bool AwaitsOthers { get; init; }

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
