namespace Porthor.Server.Api.Description.Models;

/// <summary>A scope with its description.</summary>
internal sealed record KnownScope
{
    /// <example>read:all</example>
    public required string Name { get; init; }

    /// <example>Can read everything</example>
    public required string Description { get; init; }
}
