namespace Porthor.Usage;

/// <summary>Receives the measurements of usage recording.</summary>
public interface IUsageObserver
{
    /// <summary>Called for each usage event that is dropped, because too many events wait to be written.</summary>
    void UsageDropped();
}
