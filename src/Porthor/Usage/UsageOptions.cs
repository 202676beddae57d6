namespace Porthor.Usage;

/// <summary>Whether uses are recorded, and for how long.</summary>
/// <param name="Enabled">If not, none is recorded, and none is shown.</param>
/// <param name="Retention">How long the history of uses is kept.</param>
public sealed record UsageOptions(bool Enabled = true, TimeSpan? Retention = null)
{
    public static readonly TimeSpan UsualRetention = TimeSpan.FromDays(90);

    public TimeSpan KeptFor => Retention ?? UsualRetention;
}
