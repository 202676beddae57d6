namespace Porthor.Server.Api.Description.Models;

/// <summary>An error response.</summary>
internal sealed record ErrorAnswer
{
    public required ErrorDetail[] Detail { get; init; }
}
