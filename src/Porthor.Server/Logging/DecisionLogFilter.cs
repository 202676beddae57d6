namespace Porthor.Server.Logging;

/// <summary>Specifies which forward authentication decisions are logged.</summary>
internal enum LoggedDecisions
{
    All,
    Refused,
    None,
}

/// <summary>Specifies which lines about forward authentication are logged, and how many.</summary>
/// <param name="Lines">The decisions that are logged.</param>
/// <param name="PerSecond">The maximum number of lines per second; null for no limit.</param>
internal sealed record DecisionLogOptions(LoggedDecisions Lines = LoggedDecisions.All, int? PerSecond = null);

/// <summary>
/// Limits the log lines about forward authentication, because most lines of the log are about it. Counts the lines that are omitted because
/// of the limit per second. Errors are never omitted; warnings are omitted only because of this limit.
/// </summary>
internal sealed class DecisionLogFilter(DecisionLogOptions options, TimeProvider clock)
{
    /// <summary>The name of the event that is logged for every allowed request.</summary>
    public const string Authorized = "TokenAuthorized";

    private readonly long started = clock.GetTimestamp();
    private long leftOut;
    private long reported;
    private long second;
    private int count;

    /// <summary>Gets the number of lines that were omitted because of the limit.</summary>
    public long LeftOut => Interlocked.Read(ref leftOut);

    /// <summary>Returns whether lines with this event are written. Called before the fields of the line are captured.</summary>
    public bool Wants(EventId id) => options.Lines == LoggedDecisions.All || id.Name != Authorized;

    /// <summary>Returns whether a line must be written.</summary>
    public bool Admits(LogLine line)
    {
        if (line.Level >= LogLevel.Error || line.Request is not { IsDecision: true })
            return true;
        if (options.Lines == LoggedDecisions.None && line.Level < LogLevel.Warning)
            return false;
        if (options.PerSecond is not { } most || Count() <= most)
            return true;
        Interlocked.Increment(ref leftOut);
        return false;
    }

    /// <summary>Returns the number of omitted lines since the last call.</summary>
    public long TakeLeftOut()
    {
        var now = LeftOut;
        return now - Interlocked.Exchange(ref reported, now);
    }

    private int Count()
    {
        var now = (long)clock.GetElapsedTime(started).TotalSeconds;
        var known = Interlocked.Read(ref second);
        // The first thread in a new second resets the count. One line more or less does not matter.
        if (known != now && Interlocked.CompareExchange(ref second, now, known) == known)
            Volatile.Write(ref count, 0);
        return Interlocked.Increment(ref count);
    }
}
