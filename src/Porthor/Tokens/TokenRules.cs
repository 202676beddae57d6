using System.Globalization;
using Porthor.Identity;
using Porthor.Values;

namespace Porthor.Tokens;

/// <summary>
/// The checks that operations share (contract/tokens.md 6). Pure: they look at what they are given and answer with the
/// reason for a refusal, or null.
/// </summary>
public static class TokenRules
{
    /// <summary>In code points, as the database counts them.</summary>
    public const int LongestTokenName = 64;

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
        {
            return PorthorError.InvalidScopes(
                $"Requested scopes are broader than your current scopes: {Listed(scopes.Except(caller.Scopes).Names)}. Your scopes: {Listed(caller.Scopes.Names)}");
        }
        if (scopes.Names.All(options.KnownScopes.ContainsKey))
            return null;
        return PorthorError.InvalidScopes(
            $"Unknown scopes requested: {Listed(scopes.Names.Where(scope => !options.KnownScopes.ContainsKey(scope)))}. " +
            $"Known scopes: {string.Join(", ", options.KnownScopes.Keys.Order(CodePointOrder.Instance))}");
    }

    /// <summary>Returns the error in the name of a token; null if the name is valid.</summary>
    public static string? TokenNameFault(string name)
    {
        // Names are shown to others, logged and kept in the history.
        if (TokenSearch.Contains(name))
            return "Token names must not contain a token";
        if (VisibleText.FindInvisible(name) is { } invisible)
            return string.Create(CultureInfo.InvariantCulture, $"Token names must not contain invisible characters (U+{invisible.Value:X4})");
        return name.Length > 0 && string.IsNullOrWhiteSpace(name) ? "Token names must contain a visible character" : null;
    }

    /// <summary>Returns the error in another text that is stored with a token; null if the text is valid.</summary>
    public static string? StoredTextFault(string? text) => text is not null && TokenSearch.Contains(text) ? "must not contain a token" : null;

    /// <summary>Checks the user data that an administrator stores with a token.</summary>
    public static PorthorError? UserData(UserData data)
    {
        IEnumerable<string?> texts = [data.Name, data.Email, .. (data.Groups ?? []).Select(group => group.Name)];
        return texts.Any(text => StoredTextFault(text) is not null) ? PorthorError.PermissionDenied("User data must not contain a token") : null;
    }

    /// <param name="name">Null for tokens without a name.</param>
    public static PorthorError? TokenName(string? name) => name switch
    {
        null => null,
        { Length: 0 } => PorthorError.InvalidTokenName("Token names must not be empty"),
        _ when name.EnumerateRunes().Count() > LongestTokenName => PorthorError.InvalidTokenName($"Token names must not be longer than {LongestTokenName} characters"),
        _ => TokenNameFault(name) is { } fault ? PorthorError.InvalidTokenName(fault) : null,
    };

    /// <summary>Lists names for a message. They come from the client, so their number, length and characters are bounded.</summary>
    private static string Listed(IEnumerable<string> scopes)
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

    /// <summary>Replaces everything that is not visible ASCII, because the message becomes part of log lines and headers.</summary>
    private static string Visible(string text) => string.Concat(text.Select(c => c is > ' ' and <= '~' ? c : '?'));

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

    /// <summary>Checks whether a user with these tokens may create another one.</summary>
    public static PorthorError? Limits(UserTokenUsage usage, TokenLimits limits, DateTimeOffset now)
    {
        if (limits.CreationsPerMinute > 0 && usage.OldestOfLimit is { } oldest)
        {
            var wait = oldest + TimeSpan.FromMinutes(1) - now;
            return PorthorError.RateLimited(
                $"Too many tokens created: at most {limits.CreationsPerMinute} per minute", wait > MinimumWait ? wait : MinimumWait);
        }
        return limits.Live > 0 && usage.Live >= limits.Live
            ? PorthorError.PermissionDenied($"Too many tokens: at most {limits.Live} user tokens per user. Revoke tokens that are no longer needed")
            : null;
    }

    private static readonly TimeSpan MinimumWait = TimeSpan.FromSeconds(1);

    /// <summary>Service tokens belong to bot users.</summary>
    public static PorthorError? Owner(TokenType type, string username) =>
        type != TokenType.Service || UserRules.IsBot(username)
            ? null
            : PorthorError.PermissionDenied($"Username \"{username}\" must start with \"bot-\"");
}
