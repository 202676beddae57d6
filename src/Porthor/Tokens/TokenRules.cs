using System.Globalization;
using Porthor.Identity;
using Porthor.Values;

namespace Porthor.Tokens;

/// <summary>
/// Contains the checks that several operations share (contract/tokens.md 6). Their results depend only on the parameters. Each check
/// returns the error, or null if the value is allowed.
/// </summary>
public static class TokenRules
{
    /// <summary>The maximum length of a token name in code points, as the database counts them.</summary>
    public const int LongestTokenName = 64;

    /// <summary>Checks whether the requester may act on the tokens of a user.</summary>
    /// <param name="caller">The requester.</param>
    /// <param name="username">The user; null for all users.</param>
    /// <param name="requireAdmin">True if only administrators may.</param>
    /// <param name="requireSameUser">True if only the user may.</param>
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

    /// <summary>Checks the format of a username.</summary>
    public static PorthorError? Username(string username) =>
        UserRules.IsUsername(username) ? null : PorthorError.PermissionDenied($"Invalid username: {username}");

    /// <summary>
    /// Checks the scopes of a new or edited token. A requester may grant only the scopes of the presented token; an administrator may grant
    /// any known scope.
    /// </summary>
    /// <param name="scopes">The scopes.</param>
    /// <param name="caller">The requester; null if the requester is known to be an administrator.</param>
    /// <param name="options">Contains the known scopes.</param>
    public static PorthorError? GrantedScopes(ScopeSet scopes, Caller? caller, TokenOptions options)
    {
        if (caller is { IsAdmin: false } && !scopes.IsSubsetOf(caller.Scopes))
        {
            return PorthorError.InvalidScopes(
                $"Requested scopes are broader than your current scopes: {FormatNames(scopes.Except(caller.Scopes).Names)}. " +
                $"Your scopes: {FormatNames(caller.Scopes.Names)}");
        }
        if (scopes.Names.All(options.KnownScopes.ContainsKey))
            return null;
        return PorthorError.InvalidScopes(
            $"Unknown scopes requested: {FormatNames(scopes.Names.Where(scope => !options.KnownScopes.ContainsKey(scope)))}. " +
            $"Known scopes: {string.Join(", ", options.KnownScopes.Keys.Order(CodePointOrder.Instance))}");
    }

    /// <summary>Returns the error in the name of a token; null if the name is valid.</summary>
    public static string? TokenNameError(string name)
    {
        // Other users can see names, and logs and the history contain them.
        if (TokenSearch.Contains(name))
            return "Token names must not contain a token";
        if (VisibleText.FindInvisible(name) is { } invisible)
            return string.Create(
                CultureInfo.InvariantCulture, $"Token names must not contain invisible characters (U+{invisible.Value:X4})");
        return name.Length > 0 && string.IsNullOrWhiteSpace(name) ? "Token names must contain a visible character" : null;
    }

    /// <summary>Returns the error in another text that is stored with a token; null if the text is valid.</summary>
    public static string? StoredTextError(string? text) =>
        text is not null && TokenSearch.Contains(text) ? "must not contain a token" : null;

    /// <summary>Checks the user data that an administrator stores with a token.</summary>
    public static PorthorError? UserData(UserData data)
    {
        IEnumerable<string?> texts = [data.Name, data.Email, .. (data.Groups ?? []).Select(group => group.Name)];
        return texts.Any(text => StoredTextError(text) is not null)
            ? PorthorError.PermissionDenied("User data must not contain a token")
            : null;
    }

    /// <summary>Checks a token name.</summary>
    /// <param name="name">The name; null for tokens without a name.</param>
    public static PorthorError? TokenName(string? name) => name switch
    {
        null => null,
        { Length: 0 } => PorthorError.InvalidTokenName("Token names must not be empty"),
        _ when name.EnumerateRunes().Count() > LongestTokenName =>
            PorthorError.InvalidTokenName($"Token names must not be longer than {LongestTokenName} characters"),
        _ => TokenNameError(name) is { } error ? PorthorError.InvalidTokenName(error) : null,
    };

    /// <summary>Formats scopes for a message. The client sends them, so their number, length and characters are limited.</summary>
    private static string FormatNames(IEnumerable<string> scopes)
    {
        const int most = 20, longest = 64;
        string[] names = [.. scopes.Take(most + 1)];
        var shown = names.Take(most).Select(name => name switch
        {
            "" => "(empty)",
            { Length: > longest } => Visible(name[..longest]) + "...",
            _ => Visible(name),
        });
        return names.Length == 0 ? "none" : string.Join(", ", shown) + (names.Length > most ? ", ..." : "");
    }

    /// <summary>Replaces all characters except visible ASCII characters, because log lines and headers contain the message.</summary>
    private static string Visible(string text) => string.Concat(text.Select(c => c is > ' ' and <= '~' ? c : '?'));

    /// <summary>Checks the expiration of a token.</summary>
    /// <param name="expires">The expiration; null if the token never expires.</param>
    /// <param name="type">The type of the token.</param>
    /// <param name="now">The current time.</param>
    /// <param name="policy">Contains the limits of the lifetime.</param>
    public static PorthorError? Expires(DateTimeOffset? expires, TokenType type, DateTimeOffset now, TokenPolicy policy)
    {
        if (expires < now + TokenOptions.MinimumLifetime)
            return PorthorError.InvalidExpires("Token must be valid for at least five minutes");
        if (policy.Longest(type) is { } longest && (expires is null || expires > now + longest))
            return PorthorError.InvalidExpires($"Tokens of type {type.ToText()} must expire within {longest.TotalSeconds:0} seconds");
        return null;
    }

    /// <summary>Checks whether a user may create another user token.</summary>
    public static PorthorError? Limits(UserTokenUsage usage, TokenLimits limits, DateTimeOffset now)
    {
        if (limits.CreationsPerMinute > 0 && usage.OldestOfLimit is { } oldest)
        {
            var wait = oldest + TimeSpan.FromMinutes(1) - now;
            return PorthorError.RateLimited(
                $"Too many tokens created: at most {limits.CreationsPerMinute} per minute", wait > MinimumWait ? wait : MinimumWait);
        }
        return limits.Live > 0 && usage.Live >= limits.Live
            ? PorthorError.PermissionDenied(
                $"Too many tokens: at most {limits.Live} user tokens per user. Revoke tokens that are no longer needed")
            : null;
    }

    private static readonly TimeSpan MinimumWait = TimeSpan.FromSeconds(1);

    /// <summary>Checks the owner of a token: service tokens belong to bot users.</summary>
    public static PorthorError? Owner(TokenType type, string username) =>
        type != TokenType.Service || UserRules.IsBot(username)
            ? null
            : PorthorError.PermissionDenied($"Username \"{username}\" must start with \"bot-\"");
}
