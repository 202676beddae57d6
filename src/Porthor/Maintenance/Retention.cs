using Porthor.Storage;

namespace Porthor.Maintenance;

/// <summary>Specifies the time for which histories are kept.</summary>
/// <param name="Changes">The history of token changes.</param>
/// <param name="Usage">The usage history; null if usage is not recorded. Existing events are then kept.</param>
/// <param name="OfUsage">The time for which usage events are kept.</param>
public sealed record Retention(IChangeHistory Changes, IUsageHistory? Usage, TimeSpan OfUsage)
{
    /// <summary>The time for which token changes are kept (contract/storage.md 2.7).</summary>
    public static readonly TimeSpan OfChanges = TimeSpan.FromDays(365);
}
