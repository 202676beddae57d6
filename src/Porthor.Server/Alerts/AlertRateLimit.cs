namespace Porthor.Server.Alerts;

/// <summary>
/// Limits the number of alerts: equal alerts to one in five minutes, and all alerts to thirty per hour, so that an error in every request
/// does not hide other errors.
/// </summary>
internal sealed class AlertRateLimit(TimeProvider clock)
{
    private const int MaxPerHour = 30;
    private const int MaxKnownAlerts = 1000;
    private static readonly TimeSpan RepeatPause = TimeSpan.FromMinutes(5);

    private readonly long started = clock.GetTimestamp();
    private readonly Lock sync = new();
    private readonly Dictionary<(string, string), AdmittedAlert> lastSent = [];
    private TimeSpan hourStart;
    private int sentThisHour;

    /// <summary>Returns whether an alert must be sent.</summary>
    /// <param name="leftOut">The number of equal alerts that were omitted since the last one was sent.</param>
    public bool Admits(Alert alert, out int leftOut)
    {
        // The system time can change.
        var now = clock.GetElapsedTime(started);
        lock (sync)
        {
            if (lastSent.Count >= MaxKnownAlerts)
                lastSent.Clear();
            var last = lastSent.GetValueOrDefault((alert.Type, alert.Message));
            leftOut = last.LeftOut;
            if (now - hourStart >= TimeSpan.FromHours(1))
                (hourStart, sentThisHour) = (now, 0);
            var admitted = sentThisHour < MaxPerHour && (last.At is not { } sent || now - sent >= RepeatPause);
            if (admitted)
                sentThisHour++;
            lastSent[(alert.Type, alert.Message)] = admitted ? new AdmittedAlert(now, 0) : last with { LeftOut = last.LeftOut + 1 };
            return admitted;
        }
    }

    private readonly record struct AdmittedAlert(TimeSpan? At, int LeftOut);
}
