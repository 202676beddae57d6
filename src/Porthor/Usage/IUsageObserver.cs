namespace Porthor.Usage;

/// <summary>Receives the measurements of usage recording.</summary>
public interface IUsageObserver
{
    /// <summary>Called for each usage event that is not recorded because too many are waiting.</summary>
    void UsageDropped();
}
