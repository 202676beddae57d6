using Porthor.Identity;
using Porthor.Values;

namespace Porthor.Tokens;

/// <summary>Represents the request of a user for a token (contract/tokens.md 7.3).</summary>
/// <param name="TokenName">The name of the token.</param>
/// <param name="Scopes">The scopes of the token.</param>
/// <param name="Expires">The expiration; null for the default of the policy, or never if there is none.</param>
public sealed record UserTokenRequest(string TokenName, ScopeSet Scopes, DateTimeOffset? Expires);

/// <summary>Represents the request of an administrator for a token of any user (contract/tokens.md 7.4).</summary>
public sealed record AdminTokenRequest
{
    /// <summary>Returns the user to whom the token will belong.</summary>
    public required string Username { get; init; }

    /// <summary>Returns the type, either <see cref="TokenType.User"/> or <see cref="TokenType.Service"/>.</summary>
    public required TokenType TokenType { get; init; }

    /// <summary>Returns the name. It is required for user tokens, and not allowed for service tokens.</summary>
    public string? TokenName { get; init; }

    /// <summary>Returns the scopes.</summary>
    public ScopeSet Scopes { get; init; } = ScopeSet.Empty;

    /// <summary>Returns the expiration; null for the default of the policy, or never if there is none.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Returns the user data that will be stored with the token.</summary>
    public UserData UserData { get; init; } = UserData.None;
}

/// <summary>Represents an edit of a user token. A value of null is not changed (contract/tokens.md 7.7).</summary>
public sealed record TokenEdit
{
    /// <summary>Returns the new name; null to keep the name.</summary>
    public string? TokenName { get; init; }

    /// <summary>Returns the new scopes; null to keep the scopes. An empty set removes all scopes (deviations 1).</summary>
    public ScopeSet? Scopes { get; init; }

    /// <summary>Returns the new expiration; null to keep it, unless <see cref="NeverExpires"/> is true.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Returns true if the expiration is to be removed. In this case <see cref="Expires"/> must be null.</summary>
    public bool NeverExpires { get; init; }

    /// <summary>Returns true if the edit changes the expiration.</summary>
    public bool ChangesExpires => NeverExpires || Expires is not null;
}
