using System.Globalization;

namespace Porthor.Server.Login.Local;

/// <summary>Represents an attempt to log in.</summary>
/// <param name="Charged">The counts that include the attempt.</param>
/// <param name="Username">The username; empty if it cannot be the name of a user.</param>
/// <param name="Network">The address, or the /64 of an IPv6 address.</param>
/// <param name="Wait">The time to wait before another attempt; zero if this attempt is allowed.</param>
internal sealed record CountedAttempt(IReadOnlyList<CountKey> Charged, string Username, string Network, TimeSpan Wait)
{
    /// <summary>
    /// Gets the user who logged in before from this device or address; null if no user did.
    /// </summary>
    public string? KnownUser { get; init; }

    /// <summary>Gets whether the attempt is denied only because other attempts are not settled yet.</summary>
    public bool AwaitsOthers { get; init; }

    public bool IsRefused => Wait > TimeSpan.Zero;

    /// <summary>Gets the whole seconds to wait, for <c>Retry-After</c> and messages.</summary>
    public string WaitSeconds => Math.Ceiling(Wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
}

/// <summary>Specifies the client or the user whose failures are counted.</summary>
internal enum CountKind
{
    /// <summary>A browser in which this user logged in before.</summary>
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

    /// <summary>A user, from any address.</summary>
    User,
}

/// <summary>Identifies a count.</summary>
/// <param name="Kind">The kind of the count.</param>
/// <param name="Place">The device or the network; empty for a user from any address.</param>
/// <param name="User">The username; empty for an address and any user.</param>
internal readonly record struct CountKey(CountKind Kind, string Place, string User);
