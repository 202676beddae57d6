using Porthor.Values;

namespace Porthor.Tokens;

/// <summary>A token as the token index lists it (contract/tokens.md 3.2). It holds no secret.</summary>
public sealed record TokenInfo
{
    public required TokenKey Token { get; init; }

    public required string Username { get; init; }

    public required TokenType TokenType { get; init; }

    /// <summary>Null for every type but <see cref="TokenType.User"/>.</summary>
    public string? TokenName { get; init; }

    public required ScopeSet Scopes { get; init; }

    /// <summary>The service that an internal token was made for.</summary>
    public string? Service { get; init; }

    public required DateTimeOffset Created { get; init; }

    public DateTimeOffset? LastUsed { get; init; }

    /// <summary>Null if the token never expires.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>The token it is a child of. Not filled in lists.</summary>
    public TokenKey? Parent { get; init; }
}
