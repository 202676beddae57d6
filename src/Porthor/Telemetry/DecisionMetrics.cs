using System.Diagnostics;
using System.Diagnostics.Metrics;
using Porthor.Ingress;

namespace Porthor.Telemetry;

/// <summary>Measures the number and the duration of authorization subrequests.</summary>
public sealed class DecisionMetrics
{
    private static readonly string[] Names =
        ["allowed", "unauthenticated", "denied", "rate_limited", "invalid", "unavailable", "failed", "abandoned"];

    private readonly ServiceNames services;
    private readonly Counter<long> decisions;
    private readonly Histogram<double> duration;

    internal DecisionMetrics(Meter meter, ServiceNames services)
    {
        this.services = services;
        decisions = meter.CreateCounter<long>("porthor.decisions", "{decision}", "Authorization subrequests, by outcome.");
        duration = meter.CreateHistogram<double>(
            "porthor.decision.duration", "s", "Duration of authorization subrequests.", advice: HistogramBuckets.ForResponses);
    }

    /// <summary>Returns the current timestamp for <see cref="Decided"/>; 0 if there is no listener.</summary>
    public long Begin() => decisions.Enabled ? Stopwatch.GetTimestamp() : 0;

    /// <summary>Counts a subrequest and measures its duration.</summary>
    /// <param name="outcome">The outcome.</param>
    /// <param name="service">The service of the ingress rule; null if the rule has none.</param>
    /// <param name="begun">The result of <see cref="Begin"/>.</param>
    public void Decided(AuthorizationOutcome outcome, string? service, long begun)
    {
        KeyValuePair<string, object?> label = new("outcome", Names[(int)outcome]);
        decisions.AddSafely(1, label, services.Label(service));
        duration.RecordSafely(Stopwatch.GetElapsedTime(begun).TotalSeconds, label);
    }

    internal void Announce()
    {
        foreach (var name in Names)
            decisions.AddSafely(0, new("outcome", name), services.Label(service: null));
    }
}
