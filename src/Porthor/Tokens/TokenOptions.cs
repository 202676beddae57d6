using System.Collections.Frozen;

namespace Porthor.Tokens;

/// <summary>Represents the settings of a deployment that apply to tokens (contract/configuration.md 2).</summary>
public sealed record TokenOptions
{
    /// <summary>The minimum time until the expiration of a token that is created or edited.</summary>
    public static readonly TimeSpan MinimumLifetime = TimeSpan.FromMinutes(5);

    /// <summary>The lifetime of sessions, and the maximum lifetime of child tokens.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>The scopes that tokens may have, with their descriptions.</summary>
    public IReadOnlyDictionary<string, string> KnownScopes { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>The limits of token lifetimes.</summary>
    public TokenPolicy Policy { get; init; } = new();

    /// <summary>The limits of the number of user tokens.</summary>
    public TokenLimits Limits { get; init; } = new();
}

/// <summary>Represents limits of token lifetimes (deviations 18). By default there are none, as in the reference.</summary>
public sealed record TokenPolicy
{
    /// <summary>The maximum lifetime of user tokens; null for no limit.</summary>
    public TimeSpan? MaxUserLifetime { get; init; }

    /// <summary>The maximum lifetime of service tokens; null for no limit.</summary>
    public TimeSpan? MaxServiceLifetime { get; init; }

    /// <summary>The lifetime of user tokens that are requested without an expiration; null for the maximum lifetime.</summary>
    public TimeSpan? DefaultUserLifetime { get; init; }

    /// <summary>Returns the maximum lifetime of tokens of a type; null for no limit.</summary>
    public TimeSpan? Longest(TokenType type) => type switch
    {
        TokenType.User => MaxUserLifetime,
        TokenType.Service => MaxServiceLifetime,
        _ => null,
    };

    /// <summary>Returns the expiration of a token that is requested without one; null if it never expires.</summary>
    public DateTimeOffset? DefaultExpires(TokenType type, DateTimeOffset now) =>
        now + ((type == TokenType.User ? DefaultUserLifetime : null) ?? Longest(type));
}
