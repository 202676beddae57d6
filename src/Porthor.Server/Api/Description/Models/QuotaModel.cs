namespace Porthor.Server.Api.Description.Models;

/// <summary>The quota of a user.</summary>
internal sealed record QuotaModel
{
    /// <summary>Requests per minute, by service.</summary>
    public Dictionary<string, long>? Api { get; init; }

    /// <summary>Bytes, by mount point.</summary>
    public Dictionary<string, long>? Disk { get; init; }

    public NotebookQuotaModel? Notebook { get; init; }

    /// <summary>The quota of queries, by TAP service.</summary>
    public Dictionary<string, TapQuotaModel>? Tap { get; init; }
}
