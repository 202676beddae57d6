namespace Porthor.Usage;

/// <summary>Represents the settings of the usage history.</summary>
/// <param name="Enabled">True if usage is recorded and shown.</param>
/// <param name="Retention">The time for which events are kept; null for <see cref="DefaultRetention"/>.</param>
public sealed record UsageOptions(bool Enabled = true, TimeSpan? Retention = null)
{
    /// <summary>The default time for which events are kept, 90 days.</summary>
    public static readonly TimeSpan DefaultRetention = TimeSpan.FromDays(90);

    /// <summary>Returns the time for which events are kept.</summary>
    public TimeSpan KeptFor => Retention ?? DefaultRetention;
}
