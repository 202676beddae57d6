using System.Diagnostics.Metrics;

namespace Porthor.Events;

/// <summary>
/// Records measurements without letting a listener interrupt the work that is measured: a listener runs in the middle of it, for example
/// between a commit and its answer, and an exception there would be taken for a failure of the work.
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
