namespace Porthor.Server.Logging;

/// <summary>
/// Limits the number of log lines that clients without a valid token can cause. This is a token bucket: it gains
/// <paramref name="perSecond"/> lines per second, and holds at most the lines of <see cref="BurstSeconds"/> seconds. Debug lines, critical
/// lines, lines about signed-in users and lines about completed changes (<see cref="ChangeEvent"/>) are not counted.
/// </summary>
/// <param name="perSecond">The number of lines per second; zero for no limit.</param>
internal sealed class AnonymousLogLimit(int perSecond, TimeProvider clock)
{
    public const int DefaultPerSecond = 20;
    private const int BurstSeconds = 5;

    private static readonly TimeSpan ReportPeriod = TimeSpan.FromSeconds(1);

    private readonly Lock sync = new();
    private double available = perSecond * BurstSeconds;
    private long filled = clock.GetTimestamp();
    private long reportedAt = clock.GetTimestamp();
    private long leftOut;
    private long reported;

    /// <summary>Gets the number of omitted lines since the start.</summary>
    public long LeftOut => Interlocked.Read(ref leftOut);

    /// <summary>Gets whether lines were omitted and the log does not report this yet.</summary>
    public bool HasUnreported => LeftOut > Interlocked.Read(ref reported);

    /// <summary>Returns whether the line must be written.</summary>
    public bool Admits(LogLine line, EventId id)
    {
        if (perSecond == 0 || line.Level is < LogLevel.Information or LogLevel.Critical || line.Request is not { User: null }
            || ChangeEvent.Is(id.Name) || TryTake())
            return true;
        Interlocked.Increment(ref leftOut);
        return false;
    }

    /// <summary>Returns the number of omitted lines since the last report; zero if that was less than a second ago.</summary>
    /// <param name="now">True to report at any time.</param>
    public long TakeUnreported(bool now = false)
    {
        if (!HasUnreported || (!now && clock.GetElapsedTime(reportedAt) < ReportPeriod))
            return 0;
        reportedAt = clock.GetTimestamp();
        var total = LeftOut;
        return total - Interlocked.Exchange(ref reported, total);
    }

    private bool TryTake()
    {
        lock (sync)
        {
            var elapsed = clock.GetElapsedTime(filled);
            filled = clock.GetTimestamp();
            available = Math.Min(perSecond * BurstSeconds, available + (elapsed.TotalSeconds * perSecond));
            if (available < 1)
                return false;
            available--;
            return true;
        }
    }
}
