namespace Porthor.Server.Api.Description.Models;

/// <summary>The name and version of the service.</summary>
internal sealed record IndexAnswer
{
    /// <example>gafaelfawr</example>
    public required string Name { get; init; }

    public required string Version { get; init; }

    public required string Description { get; init; }

    public required string RepositoryUrl { get; init; }

    public required string DocumentationUrl { get; init; }
}
