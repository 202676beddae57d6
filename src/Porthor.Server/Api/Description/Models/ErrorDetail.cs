namespace Porthor.Server.Api.Description.Models;

/// <summary>An error. If credentials are missing, the response contains it without a list.</summary>
internal sealed record ErrorDetail
{
    /// <summary>The location of the error: <c>["body", "token_name"]</c>.</summary>
    public string[]? Loc { get; init; }

    /// <summary>The message for people.</summary>
    /// <example>Token not found</example>
    public required string Msg { get; init; }

    /// <summary>The type of the error, for programs.</summary>
    /// <example>not_found</example>
    public required string Type { get; init; }
}
