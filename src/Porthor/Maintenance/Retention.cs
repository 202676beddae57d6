using Porthor.Storage;

namespace Porthor.Maintenance;

/// <summary>What is kept of the past, and for how long.</summary>
/// <param name="Uses">Null if uses are not recorded; what there is of them then stays.</param>
/// <param name="OfUses">How long uses are kept.</param>
public sealed record Retention(IChangeHistory Changes, IUsageHistory? Uses, TimeSpan OfUses)
{
    /// <summary>How long changes are kept (contract/storage.md 2.7).</summary>
    public static readonly TimeSpan OfChanges = TimeSpan.FromDays(365);
}
