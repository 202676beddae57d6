using Porthor.Users;
using Porthor.Values;

namespace Porthor.Tokens;

/// <summary>
/// The checks that operations share (contract/tokens.md 6). Pure: they look at what they are given and answer with the
/// reason for a refusal, or null.
/// </summary>
public static class TokenRules
{
    /// <summary>May the caller act on the tokens of a user?</summary>
    /// <param name="username">Null for all users.</param>
    public static PorthorError? Authorize(Caller caller, string? username, bool requireAdmin = false, bool requireSameUser = false)
    {
        if ((username is null || requireAdmin) && !caller.IsAdmin)
            return PorthorError.PermissionDenied("Missing required admin:token scope");
        if (username is not null && username != caller.Username && (requireSameUser || !caller.IsAdmin))
            return PorthorError.PermissionDenied($"Cannot act on tokens for user {username}");
        if (!caller.IsAdmin && !caller.Scopes.Contains(Scopes.UserToken))
            return PorthorError.PermissionDenied("Missing required user:token scope");
        return null;
    }

    public static PorthorError? Username(string username) =>
        UserRules.IsUsername(username) ? null : PorthorError.PermissionDenied($"Invalid username: {username}");

    /// <summary>May the caller give these scopes away? An administrator may give any known scope, also one they lack.</summary>
    /// <param name="caller">Null if only administrators get as far as here.</param>
    public static PorthorError? GrantedScopes(ScopeSet scopes, Caller? caller, TokenOptions options)
    {
        if (caller is { IsAdmin: false } && !scopes.IsSubsetOf(caller.Scopes))
            return PorthorError.InvalidScopes("Requested scopes are broader than your current scopes");
        return scopes.Names.All(options.KnownScopes.ContainsKey) ? null : PorthorError.InvalidScopes("Unknown scopes requested");
    }

    /// <summary>May a token of this type end then?</summary>
    /// <param name="expires">Null if it never is to.</param>
    public static PorthorError? Expires(DateTimeOffset? expires, TokenType type, DateTimeOffset now, TokenPolicy policy)
    {
        if (expires < now + TokenOptions.MinimumLifetime)
            return PorthorError.InvalidExpires("Token must be valid for at least five minutes");
        if (policy.Longest(type) is { } longest && (expires is null || expires > now + longest))
            return PorthorError.InvalidExpires($"Tokens of type {type.ToText()} must expire within {longest.TotalSeconds:0} seconds");
        return null;
    }

    /// <summary>Service tokens belong to bot users.</summary>
    public static PorthorError? Owner(TokenType type, string username) =>
        type != TokenType.Service || UserRules.IsBot(username)
            ? null
            : PorthorError.PermissionDenied($"Username \"{username}\" must start with \"bot-\"");
}
