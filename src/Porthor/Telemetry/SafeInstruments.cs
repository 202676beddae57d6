using System.Diagnostics.Metrics;

namespace Porthor.Telemetry;

/// <summary>
/// Records measurements, and catches the exceptions of listeners. Listeners are called during the measured operation, for example between a
/// commit and the response. Without this class, an exception of a listener would be treated as a failure of the operation.
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
