using System.Net;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.History;

/// <summary>What was done to a token.</summary>
public enum ChangeAction
{
    Create,
    Revoke,
    Expire,
    Edit,
}

/// <summary>The actions' names on the wire and in the token index.</summary>
public static class ChangeActions
{
    private static readonly string[] Names = ["create", "revoke", "expire", "edit"];

    public static string ToText(this ChangeAction action) => Names[(int)action];

    public static ChangeAction Parse(string text) =>
        Array.IndexOf(Names, text) is >= 0 and var index ? (ChangeAction)index : throw new FormatException($"'{text}' is not a change.");
}

/// <summary>
/// A change: one row of history (contract/tokens.md 3.3). It tells the state after the change, or before it where the
/// token was removed, and outlives the token.
/// </summary>
public sealed record TokenChange : IHistoryRow
{
    public long Id { get; init; }

    public required TokenKey Token { get; init; }

    public required string Username { get; init; }

    public required TokenType TokenType { get; init; }

    public string? TokenName { get; init; }

    public TokenKey? Parent { get; init; }

    public required ScopeSet Scopes { get; init; }

    public string? Service { get; init; }

    public DateTimeOffset? Expires { get; init; }

    /// <summary>Who did it: a username, <c>&lt;bootstrap&gt;</c> or <c>&lt;internal&gt;</c>.</summary>
    public required string Actor { get; init; }

    public required ChangeAction Action { get; init; }

    /// <summary>Set only on edits that named the token anew.</summary>
    public string? OldTokenName { get; init; }

    /// <summary>Set only on edits of the scopes; an empty set is not null.</summary>
    public ScopeSet? OldScopes { get; init; }

    /// <summary>Set only on edits of the expiration, and null also if there was none before.</summary>
    public DateTimeOffset? OldExpires { get; init; }

    /// <summary>The client's address; null for internal work.</summary>
    public IPAddress? IpAddress { get; init; }

    public required DateTimeOffset EventTime { get; init; }

    /// <summary>A change of a token that is in the token index, in all that does not depend on what was done.</summary>
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
