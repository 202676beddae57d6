namespace Porthor.Server.Api.Description.Models;

/// <summary>A token that an administrator creates for any user.</summary>
internal sealed record AdminTokenBody
{
    /// <summary>The owner of the token. The owner of a service token has a name that begins with <c>bot-</c>.</summary>
    /// <example>bot-cron</example>
    public required string Username { get; init; }

    /// <summary>Either user or service.</summary>
    public required TokenTypeName TokenType { get; init; }

    /// <summary>The name of the token. Required for user tokens; not allowed for service tokens.</summary>
    public string? TokenName { get; init; }

    /// <summary>The scopes of the token, which can be any known scopes. If absent, the token has no scopes.</summary>
    public string[]? Scopes { get; init; }

    /// <summary>
    /// The time of expiration: seconds since 1970, or a date and time in ISO 8601. It must be at least five minutes from now. If null or
    /// absent, the token does not expire.
    /// </summary>
    public long? Expires { get; init; }

    /// <summary>
    /// The full name of the user. If this or one of the following fields is absent, the value is looked up when it is needed.
    /// </summary>
    /// <example>Alice Example</example>
    public string? Name { get; init; }

    /// <example>alice@example.com</example>
    public string? Email { get; init; }

    /// <summary>At least 1.</summary>
    /// <example>4123</example>
    public long? Uid { get; init; }

    /// <summary>At least 1.</summary>
    /// <example>4123</example>
    public long? Gid { get; init; }

    public GroupModel[]? Groups { get; init; }
}
