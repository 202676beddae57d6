using System.Net;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.History;

/// <summary>A use: somebody passed the gate with a token (deviations 19).</summary>
public sealed record TokenUsage : IHistoryRow
{
    public long Id { get; init; }

    public required TokenKey Token { get; init; }

    public required string Username { get; init; }

    public required TokenType TokenType { get; init; }

    /// <summary>As the token index has it when the use is written down.</summary>
    public string? TokenName { get; init; }

    /// <inheritdoc cref="TokenName"/>
    public TokenKey? Parent { get; init; }

    public required ScopeSet Scopes { get; init; }

    /// <summary>The service that was asked for; null if the route names none.</summary>
    public string? Service { get; init; }

    /// <summary>The client's address.</summary>
    public IPAddress? IpAddress { get; init; }

    public required DateTimeOffset EventTime { get; init; }
}

/// <summary>Which uses are asked for; what is null does not filter.</summary>
public sealed record UsageFilter(string Username, TokenKey Token)
{
    /// <summary>Inclusive.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Inclusive.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>An address or a block of addresses.</summary>
    public AddressBlock? IpAddress { get; init; }
}
