namespace Porthor.Server.Api.Description.Models;

/// <summary>The quota of queries.</summary>
internal sealed record TapQuotaModel
{
    /// <summary>The maximum number of concurrent queries.</summary>
    public required long Concurrent { get; init; }
}
