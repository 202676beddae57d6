using System.Collections.Frozen;

namespace Porthor.Tokens;

/// <summary>What a deployment decides about its tokens (contract/configuration.md 2).</summary>
public sealed record TokenOptions
{
    /// <summary>No token may be made or changed to end sooner than this from now.</summary>
    public static readonly TimeSpan MinimumLifetime = TimeSpan.FromMinutes(5);

    /// <summary>How long sessions last, and children at the most.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>The scopes that may be given to tokens, with what they mean to people.</summary>
    public IReadOnlyDictionary<string, string> KnownScopes { get; init; } = FrozenDictionary<string, string>.Empty;

    public TokenPolicy Policy { get; init; } = new();

    public TokenLimits Limits { get; init; } = new();
}

/// <summary>
/// Bounds on how long tokens may last, for those who want them (deviations 18). Unset, as in the reference, there are none.
/// </summary>
public sealed record TokenPolicy
{
    /// <summary>User tokens must end within this time. Null: they may last for ever.</summary>
    public TimeSpan? MaxUserLifetime { get; init; }

    /// <summary>Service tokens must end within this time. Null: they may last for ever.</summary>
    public TimeSpan? MaxServiceLifetime { get; init; }

    /// <summary>When a user token ends that was asked for without an expiration. Null: the maximum, or never.</summary>
    public TimeSpan? DefaultUserLifetime { get; init; }

    /// <summary>The longest life of a type; null if it is not bounded.</summary>
    public TimeSpan? Longest(TokenType type) => type switch
    {
        TokenType.User => MaxUserLifetime,
        TokenType.Service => MaxServiceLifetime,
        _ => null,
    };

    /// <summary>The expiration of a token that was asked for without one.</summary>
    public DateTimeOffset? DefaultExpires(TokenType type, DateTimeOffset now) =>
        now + ((type == TokenType.User ? DefaultUserLifetime : null) ?? Longest(type));
}
