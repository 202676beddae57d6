using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.History;

/// <summary>Represents the conditions for token changes. A value of null does not filter (contract/storage.md 2.6).</summary>
public sealed record HistoryFilter
{
    /// <summary>The earliest time, inclusive.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The latest time, inclusive.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The user to whom the token belonged.</summary>
    public string? Username { get; init; }

    /// <summary>The user who made the change.</summary>
    public string? Actor { get; init; }

    /// <summary>The token: its changes and those of its direct children match.</summary>
    public TokenKey? Key { get; init; }

    /// <summary>The type of the token.</summary>
    public TokenType? TokenType { get; init; }

    /// <summary>The address of the client, or a block of addresses. Changes without an address do not match.</summary>
    public AddressBlock? IpAddress { get; init; }
}
