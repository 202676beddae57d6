namespace Porthor.Server.Api.Description.Models;

/// <summary>A change of a token.</summary>
internal sealed record TokenChangeAnswer
{
    /// <summary>The key of the token that changed.</summary>
    public required string Token { get; init; }

    public required string Username { get; init; }

    public required TokenTypeName TokenType { get; init; }

    public string? TokenName { get; init; }

    /// <summary>The key of the parent token.</summary>
    public string? Parent { get; init; }

    public required string[] Scopes { get; init; }

    public string? Service { get; init; }

    /// <summary>The time of expiration, in seconds since 1970; null if the token does not expire.</summary>
    public required long? Expires { get; init; }

    /// <summary>The actor: a username, <c>&lt;bootstrap&gt;</c> or <c>&lt;internal&gt;</c>.</summary>
    /// <example>alice</example>
    public required string Actor { get; init; }

    public required ChangeActionName Action { get; init; }

    /// <summary>The previous name, if an edit changed it.</summary>
    public string? OldTokenName { get; init; }

    /// <summary>The previous scopes, if an edit changed them.</summary>
    public string[]? OldScopes { get; init; }

    /// <summary>
    /// The previous expiration. It is present in edits if the token expires, or expired before the edit. It is null if the token did not
    /// expire, or the edit did not change the expiration.
    /// </summary>
    public long? OldExpires { get; init; }

    /// <summary>The address of the client; null if no client made the change.</summary>
    /// <example>192.0.2.7</example>
    public required string? IpAddress { get; init; }

    /// <summary>The time of the change, in seconds since 1970.</summary>
    public required long EventTime { get; init; }
}
