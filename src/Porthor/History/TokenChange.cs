using System.Net;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.History;

/// <summary>Identifies a change of a token.</summary>
public enum ChangeAction
{
    /// <summary>The token was created.</summary>
    Create,
    /// <summary>The token was revoked before its expiration.</summary>
    Revoke,
    /// <summary>The token was removed after its expiration.</summary>
    Expire,
    /// <summary>The name, the scopes or the expiration were changed.</summary>
    Edit,
}

/// <summary>Converts changes to their names in the API and in the token index.</summary>
public static class ChangeActions
{
    private static readonly string[] Names = ["create", "revoke", "expire", "edit"];

    /// <summary>Returns the name of a change.</summary>
    public static string ToText(this ChangeAction action) => Names[(int)action];

    /// <summary>Returns the change with a name.</summary>
    /// <exception cref="FormatException">There is no such change.</exception>
    public static ChangeAction Parse(string text) =>
        Array.IndexOf(Names, text) is >= 0 and var index ? (ChangeAction)index : throw new FormatException($"'{text}' is not a change.");
}

/// <summary>
/// Represents an entry of the history of token changes (contract/tokens.md 3.3). It contains the state after the change, or the state
/// before it if the token was removed. It is kept after the token is removed.
/// </summary>
public sealed record TokenChange : IHistoryRow
{
    /// <inheritdoc/>
    public long Id { get; init; }

    /// <summary>Returns the key of the token.</summary>
    public required TokenKey Token { get; init; }

    /// <summary>Returns the user to whom the token belongs.</summary>
    public required string Username { get; init; }

    /// <summary>Returns the type of the token.</summary>
    public required TokenType TokenType { get; init; }

    /// <summary>Returns the name of the token; null if it has none.</summary>
    public string? TokenName { get; init; }

    /// <summary>Returns the parent of the token; null if it has none.</summary>
    public TokenKey? Parent { get; init; }

    /// <summary>Returns the scopes of the token.</summary>
    public required ScopeSet Scopes { get; init; }

    /// <summary>Returns the service of an internal token; null for other types.</summary>
    public string? Service { get; init; }

    /// <summary>Returns the expiration of the token; null if it never expires.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Returns the user who made the change: a username, <c>&lt;bootstrap&gt;</c> or <c>&lt;internal&gt;</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>Returns the kind of the change.</summary>
    public required ChangeAction Action { get; init; }

    /// <summary>Returns the name before an edit of the name; null for all other changes.</summary>
    public string? OldTokenName { get; init; }

    /// <summary>Returns the scopes before an edit of the scopes, which may be an empty set; null for all other changes.</summary>
    public ScopeSet? OldScopes { get; init; }

    /// <summary>
    /// Returns the expiration before an edit of the expiration; null if there was none before, and for all other changes.
    /// </summary>
    public DateTimeOffset? OldExpires { get; init; }

    /// <summary>Returns the address of the client; null for internal operations.</summary>
    public IPAddress? IpAddress { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset EventTime { get; init; }

    /// <summary>Creates an entry with the values of a listed token. The caller adds the values before an edit.</summary>
    public static TokenChange Of(TokenInfo token, ChangeAction action, string actor, IPAddress? ipAddress, DateTimeOffset now) => new()
    {
        Token = token.Token,
        Username = token.Username,
        TokenType = token.TokenType,
        TokenName = token.TokenName,
        Parent = token.Parent,
        Scopes = token.Scopes,
        Service = token.Service,
        Expires = token.Expires,
        Actor = actor,
        Action = action,
        IpAddress = ipAddress,
        EventTime = now,
    };
}
