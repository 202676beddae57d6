namespace Porthor.Server.Api.Description.Models;

/// <summary>The result of the health check.</summary>
internal sealed record HealthAnswer
{
    /// <example>healthy</example>
    public required string Status { get; init; }
}
