using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.History;

/// <summary>Which changes are asked for; what is null does not filter (contract/storage.md 2.6).</summary>
public sealed record HistoryFilter
{
    /// <summary>Inclusive.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Inclusive.</summary>
    public DateTimeOffset? Until { get; init; }

    public string? Username { get; init; }

    public string? Actor { get; init; }

    /// <summary>Changes of this token or of its direct children.</summary>
    public TokenKey? Key { get; init; }

    public TokenType? TokenType { get; init; }

    /// <summary>An address or a block of addresses; changes without an address are never in one.</summary>
    public AddressBlock? IpAddress { get; init; }
}
