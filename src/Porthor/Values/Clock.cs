using System.Globalization;

namespace Porthor.Values;

/// <summary>Times of tokens and history are whole seconds, UTC (contract/tokens.md, conventions).</summary>
public static class Clock
{
    /// <summary>The current time without its fraction of a second.</summary>
    public static DateTimeOffset GetSecondsNow(this TimeProvider clock) => clock.GetUtcNow().TruncateToSeconds();

    /// <summary>Drops the fraction of a second, towards zero for times after 1970.</summary>
    public static DateTimeOffset TruncateToSeconds(this DateTimeOffset time) =>
        new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);

    /// <summary>The form that log fields have: <c>YYYY-MM-DD HH:MM:SS</c>, with milliseconds only where there are any.</summary>
    public static string ToLogText(this DateTimeOffset time) => time.UtcDateTime.ToString(
        time.Millisecond == 0 ? "yyyy-MM-dd HH:mm:ss" : "yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);
}
