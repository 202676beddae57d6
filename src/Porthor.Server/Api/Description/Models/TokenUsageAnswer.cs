namespace Porthor.Server.Api.Description.Models;

/// <summary>A usage event of a token.</summary>
internal sealed record TokenUsageAnswer
{
    /// <summary>The key of the token that was used.</summary>
    public required string Token { get; init; }

    public required string Username { get; init; }

    public required TokenTypeName TokenType { get; init; }

    public string? TokenName { get; init; }

    /// <summary>The key of the parent token.</summary>
    public string? Parent { get; init; }

    public required string[] Scopes { get; init; }

    /// <summary>The service that was accessed; absent if the rule does not name one.</summary>
    public string? Service { get; init; }

    /// <summary>The address of the client.</summary>
    /// <example>192.0.2.7</example>
    public required string? IpAddress { get; init; }

    /// <summary>The time of the usage, in seconds since 1970.</summary>
    public required long EventTime { get; init; }
}
