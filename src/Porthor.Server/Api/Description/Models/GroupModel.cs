namespace Porthor.Server.Api.Description.Models;

/// <summary>A group of a user.</summary>
internal sealed record GroupModel
{
    /// <example>astronomers</example>
    public required string Name { get; init; }

    /// <example>1222</example>
    public required long Id { get; init; }
}
