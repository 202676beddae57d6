using Porthor.Values;

namespace Porthor.Tokens;

/// <summary>Represents a token as the token index lists it (contract/tokens.md 3.2). It contains no secret.</summary>
public sealed record TokenInfo
{
    /// <summary>Returns the key.</summary>
    public required TokenKey Token { get; init; }

    /// <summary>Returns the user to whom the token belongs.</summary>
    public required string Username { get; init; }

    /// <summary>Returns the type.</summary>
    public required TokenType TokenType { get; init; }

    /// <summary>Returns the name; null for all types except <see cref="TokenType.User"/>.</summary>
    public string? TokenName { get; init; }

    /// <summary>Returns the scopes.</summary>
    public required ScopeSet Scopes { get; init; }

    /// <summary>Returns the service of an internal token; null for other types.</summary>
    public string? Service { get; init; }

    /// <summary>Returns the time of creation, in whole seconds.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Returns the time of the last recorded usage; null if there is none.</summary>
    public DateTimeOffset? LastUsed { get; init; }

    /// <summary>Returns the time of expiration; null if the token never expires.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Returns the parent of a child token; null if there is none. Lists do not contain it.</summary>
    public TokenKey? Parent { get; init; }

    /// <summary>Returns the entry that lists the token of a record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="tokenName">The name of the token; null if it has none.</param>
    /// <param name="parent">The parent of the token; null if it has none.</param>
    public static TokenInfo From(TokenRecord record, string? tokenName = null, TokenKey? parent = null) => new()
    {
        Token = record.Token.Key,
        Username = record.Username,
        TokenType = record.TokenType,
        TokenName = tokenName,
        Scopes = record.Scopes,
        Service = record.Service,
        Created = record.Created,
        Expires = record.Expires,
        Parent = parent,
    };
}
