namespace Porthor.Server.Api.Description.Models;

/// <summary>The configuration of the deployment.</summary>
internal sealed record LoginConfig
{
    /// <summary>All known scopes, sorted by name.</summary>
    public required KnownScope[] Scopes { get; init; }
}
