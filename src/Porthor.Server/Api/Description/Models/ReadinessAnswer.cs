namespace Porthor.Server.Api.Description.Models;

/// <summary>Whether the service is ready, with the state of each dependency.</summary>
internal sealed record ReadinessAnswer
{
    /// <example>ready</example>
    public required string Status { get; init; }

    public required DependencyAnswer[] Dependencies { get; init; }
}
