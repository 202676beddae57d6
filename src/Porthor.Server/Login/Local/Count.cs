namespace Porthor.Server.Login.Local;

/// <summary>Represents a number of failed logins, and computes until when the next attempt is blocked.</summary>
/// <param name="Failures">The number of attempts with a wrong password.</param>
/// <param name="LastFailure">The time of the last of these attempts, since the start of the process.</param>
/// <param name="Unsettled">The number of attempts that have begun and whose result is not known yet.</param>
internal readonly record struct Count(int Failures, TimeSpan LastFailure, int Unsettled)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    /// <summary>
    /// The longest delay that failures from other addresses can cause for a user at a new address. It is short, so that an attacker cannot
    /// lock the user out. It allows about 1,500 guesses a day.
    /// </summary>
    private static readonly TimeSpan LongestFromAnywhere = TimeSpan.FromMinutes(1);

    public bool IsEmpty => Failures == 0 && Unsettled == 0;

    public Count Begun() => this with { Unsettled = Unsettled + 1 };

    public Count Ended() => this with { Unsettled = Math.Max(0, Unsettled - 1) };

    public Count Failed(TimeSpan now) => this with { Failures = Failures + 1, LastFailure = now };

    /// <summary>Returns whether another attempt must wait for an unsettled one, because all unsettled attempts could fail.</summary>
    public bool AwaitsOthers(CountKind kind) => Unsettled > 0 && Failures + Unsettled >= LimitsOf(kind).Free;

    /// <summary>Returns the time until which the next attempt is blocked; null if it is not blocked.</summary>
    public TimeSpan? BlockedUntil(CountKind kind)
    {
        var (freeFailures, firstDelay, longestDelay) = LimitsOf(kind);
        if (Failures < freeFailures)
            return null;
        var delay = firstDelay * Math.Pow(2, Math.Min(Failures - freeFailures, 20));
        return LastFailure + (delay < longestDelay ? delay : longestDelay);
    }

    private static (int Free, TimeSpan First, TimeSpan Longest) LimitsOf(CountKind kind) => kind switch
    {
        CountKind.WideAddressAndUser => (10, TimeSpan.FromSeconds(2), Longest),
        CountKind.WidestAddressAndUser => (20, TimeSpan.FromSeconds(2), Longest),
        CountKind.Address => (30, TimeSpan.FromSeconds(2), Longest),
        CountKind.WideAddress => (60, TimeSpan.FromSeconds(2), Longest),
        CountKind.WidestAddress => (120, TimeSpan.FromSeconds(2), Longest),
        CountKind.User => (100, TimeSpan.FromSeconds(1), LongestFromAnywhere),
        _ => (5, TimeSpan.FromSeconds(2), Longest),
    };
}
