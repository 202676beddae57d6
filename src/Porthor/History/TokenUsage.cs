using System.Net;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.History;

/// <summary>Represents a usage event: forward authentication allowed a request with a token (deviations 19).</summary>
public sealed record TokenUsage : IHistoryRow
{
    /// <inheritdoc/>
    public long Id { get; init; }

    /// <summary>Returns the key of the token.</summary>
    public required TokenKey Token { get; init; }

    /// <summary>Returns the user to whom the token belongs.</summary>
    public required string Username { get; init; }

    /// <summary>Returns the type of the token.</summary>
    public required TokenType TokenType { get; init; }

    /// <summary>Returns the name of the token; null if it has none. It is read from the token index when the event is recorded.</summary>
    public string? TokenName { get; init; }

    /// <summary>
    /// Returns the parent of the token; null if it has none. It is read from the token index when the event is recorded.
    /// </summary>
    public TokenKey? Parent { get; init; }

    /// <summary>Returns the scopes of the token.</summary>
    public required ScopeSet Scopes { get; init; }

    /// <summary>Returns the service of the ingress rule; null if the rule has none.</summary>
    public string? Service { get; init; }

    /// <summary>Returns the address of the client.</summary>
    public IPAddress? IpAddress { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset EventTime { get; init; }
}

/// <summary>Represents the conditions for usage events. A value of null does not filter.</summary>
/// <param name="Username">The user to whom the token belongs.</param>
/// <param name="Token">The key of the token.</param>
public sealed record UsageFilter(string Username, TokenKey Token)
{
    /// <summary>The earliest time, inclusive.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The latest time, inclusive.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The address of the client, or a block of addresses.</summary>
    public AddressBlock? IpAddress { get; init; }
}
