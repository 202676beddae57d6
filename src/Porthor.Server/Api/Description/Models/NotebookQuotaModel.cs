using System.ComponentModel;

namespace Porthor.Server.Api.Description.Models;

/// <summary>The quota of a notebook.</summary>
internal sealed record NotebookQuotaModel
{
    /// <summary>The number of CPUs, which can be a fraction.</summary>
    public required double Cpu { get; init; }

    /// <summary>The memory in GiB.</summary>
    public required double Memory { get; init; }

    /// <summary>True if the user may start notebooks.</summary>
    [DefaultValue(true)]
    public bool Spawn { get; init; } = true;
}
