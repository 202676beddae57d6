using System.Diagnostics.Metrics;

namespace Porthor.Telemetry;

/// <summary>Contains the bucket boundaries of the histograms, in seconds.</summary>
internal static class HistogramBuckets
{
    /// <summary>The boundaries for responses: from a response without a store call to one that exceeds the time limit.</summary>
    public static readonly InstrumentAdvice<double> ForResponses =
        Of(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5);

    /// <summary>The boundaries for logins, in which the user enters data.</summary>
    public static readonly InstrumentAdvice<double> ForLogins = Of(1, 2, 5, 10, 20, 30, 60, 120, 300, 600);

    private static InstrumentAdvice<double> Of(params double[] bounds) => new() { HistogramBucketBoundaries = bounds };
}
