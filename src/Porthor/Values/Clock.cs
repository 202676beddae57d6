using System.Globalization;

namespace Porthor.Values;

/// <summary>Converts times. The times of tokens and of the history are whole seconds in UTC (contract/tokens.md, conventions).</summary>
public static class Clock
{
    /// <summary>Returns the current time in whole seconds.</summary>
    public static DateTimeOffset GetSecondsNow(this TimeProvider clock) => clock.GetUtcNow().TruncateToSeconds();

    /// <summary>Returns a time without its fraction of a second, rounded down for times after 1970.</summary>
    public static DateTimeOffset TruncateToSeconds(this DateTimeOffset time) =>
        new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);

    /// <summary>Returns a time in the format of log fields: <c>YYYY-MM-DD HH:MM:SS</c>, with milliseconds unless they are zero.</summary>
    public static string ToLogText(this DateTimeOffset time) => time.UtcDateTime.ToString(
        time.Millisecond == 0 ? "yyyy-MM-dd HH:mm:ss" : "yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);
}
