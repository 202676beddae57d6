using Porthor.Storage;

namespace Porthor.Maintenance;

/// <summary>Receives the measurements of maintenance.</summary>
public interface IMaintenanceObserver
{
    /// <summary>Called when maintenance has counted the users with sessions and the user tokens.</summary>
    void TokensCounted(TokenCounts counts);
}
