namespace Porthor.Server.Api.Description.Models;

/// <summary>A token in a list. It does not contain the secret.</summary>
internal sealed record TokenInfoAnswer
{
    /// <summary>The owner of the token.</summary>
    /// <example>alice</example>
    public required string Username { get; init; }

    public required TokenTypeName TokenType { get; init; }

    /// <summary>The service for which a delegated token was issued.</summary>
    /// <example>tap</example>
    public string? Service { get; init; }

    /// <summary>The scopes of the token, sorted.</summary>
    public required string[] Scopes { get; init; }

    /// <summary>The time of creation, in seconds since 1970.</summary>
    /// <example>1795480321</example>
    public required long Created { get; init; }

    /// <summary>The time of expiration, in seconds since 1970. Absent if the token does not expire.</summary>
    /// <example>1798072321</example>
    public long? Expires { get; init; }

    /// <summary>The key of the token, which is not secret: 22 characters.</summary>
    /// <example>aj792KhFp_aHRBajMaGVPQ</example>
    public required string Token { get; init; }

    /// <summary>The name of the token. Only user tokens have a name.</summary>
    /// <example>laptop</example>
    public string? TokenName { get; init; }

    /// <summary>The time of the last usage, in seconds since 1970.</summary>
    public long? LastUsed { get; init; }

    /// <summary>The key of the parent token. Absent in lists.</summary>
    public string? Parent { get; init; }
}
