using System.Diagnostics.Metrics;

namespace Porthor.Telemetry;

/// <summary>
/// Records measurements, and catches the exceptions of listeners. A listener runs during the measured work, for example between a commit
/// and its answer, and its exception would otherwise be treated as a failure of the work.
/// </summary>
internal static class SafeInstruments
{
    public static void AddSafely(this Counter<long> counter, long delta, params ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        try
        {
            counter.Add(delta, tags);
        }
        catch (Exception e)
        {
            _ = e; // The listener's own error.
        }
    }

    public static void RecordSafely(this Gauge<long> gauge, long value, params ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        try
        {
            gauge.Record(value, tags);
        }
        catch (Exception e)
        {
            _ = e; // The listener's own error.
        }
    }

    public static void RecordSafely(this Histogram<double> histogram, double value, params ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        try
        {
            histogram.Record(value, tags);
        }
        catch (Exception e)
        {
            _ = e; // The listener's own error.
        }
    }
}
