using Porthor.Storage;

namespace Porthor.Maintenance;

/// <summary>Receives the measurements of maintenance.</summary>
public interface IMaintenanceObserver
{
    /// <summary>Called with the numbers of sessions and user tokens that were counted.</summary>
    void TokensCounted(TokenCounts counts);
}
