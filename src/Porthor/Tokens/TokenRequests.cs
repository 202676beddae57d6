using Porthor.Identity;
using Porthor.Values;

namespace Porthor.Tokens;

/// <summary>A user asks for a token of their own (contract/tokens.md 7.3).</summary>
/// <param name="Expires">Null if it is never to expire, as far as the policy allows that.</param>
public sealed record UserTokenRequest(string TokenName, ScopeSet Scopes, DateTimeOffset? Expires);

/// <summary>An administrator asks for a token for anyone (contract/tokens.md 7.4).</summary>
public sealed record AdminTokenRequest
{
    public required string Username { get; init; }

    /// <summary>Either <see cref="TokenType.User"/> or <see cref="TokenType.Service"/>.</summary>
    public required TokenType TokenType { get; init; }

    /// <summary>Required for user tokens, and forbidden for service tokens.</summary>
    public string? TokenName { get; init; }

    public ScopeSet Scopes { get; init; } = ScopeSet.Empty;

    public DateTimeOffset? Expires { get; init; }

    public UserData UserData { get; init; } = UserData.None;
}

/// <summary>What is to change about a user token; what is null stays (contract/tokens.md 7.7).</summary>
public sealed record TokenEdit
{
    public string? TokenName { get; init; }

    /// <summary>An empty set removes all scopes (deviations 1).</summary>
    public ScopeSet? Scopes { get; init; }

    public DateTimeOffset? Expires { get; init; }

    /// <summary>The token is never to expire. Excludes <see cref="Expires"/>.</summary>
    public bool NeverExpires { get; init; }

    public bool ChangesExpires => NeverExpires || Expires is not null;
}
