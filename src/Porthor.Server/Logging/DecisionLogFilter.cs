namespace Porthor.Server.Logging;

/// <summary>Which answers to proxies have a line in the log.</summary>
internal enum LoggedDecisions
{
    All,
    Refused,
    None,
}

/// <param name="PerSecond">How many lines such answers may have in a second; null for any number.</param>
internal sealed record DecisionLogOptions(LoggedDecisions Lines = LoggedDecisions.All, int? PerSecond = null);

/// <summary>
/// Bounds what the log says about answers to proxies, which are nearly all that it says. What is left out is counted; errors never
/// are left out, and warnings only for their number.
/// </summary>
internal sealed class DecisionLogFilter(DecisionLogOptions options, TimeProvider clock)
{
    /// <summary>The name of the event that every accepted question has.</summary>
    public const string Authorized = "TokenAuthorized";

    private long leftOut;
    private long told;
    private long second;
    private int count;

    /// <summary>How many lines were left out for their number, in all.</summary>
    public long LeftOut => Interlocked.Read(ref leftOut);

    /// <summary>Whether a line is wanted at all. Asked before anything is captured.</summary>
    public bool Wants(EventId id) => options.Lines == LoggedDecisions.All || id.Name != Authorized;

    /// <summary>Whether a line is to be written.</summary>
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

    /// <summary>How many were left out since this was last asked.</summary>
    public long TakeLeftOut()
    {
        var now = LeftOut;
        return now - Interlocked.Exchange(ref told, now);
    }

    private int Count()
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var known = Interlocked.Read(ref second);
        // Whoever sees the second begin lets the count begin anew; a line more or less does not matter.
        if (known != now && Interlocked.CompareExchange(ref second, now, known) == known)
            Volatile.Write(ref count, 0);
        return Interlocked.Increment(ref count);
    }
}
