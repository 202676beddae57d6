using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Porthor.Telemetry;

/// <summary>What became of a proxy's question.</summary>
public enum AuthorizationOutcome
{
    Allowed,

    /// <summary>Nobody, or not who they say.</summary>
    Unauthenticated,

    Denied,
    RateLimited,

    /// <summary>The question itself was wrong: a fault in the proxy's configuration.</summary>
    Invalid,

    /// <summary>A store did not answer.</summary>
    Unavailable,

    /// <summary>A fault of ours.</summary>
    Failed,

    /// <summary>Whoever asked did not wait for the answer.</summary>
    Abandoned,
}

/// <summary>Counts and times the answers to proxies.</summary>
public sealed class DecisionMetrics
{
    private static readonly string[] Names = ["allowed", "unauthenticated", "denied", "rate_limited", "invalid", "unavailable", "failed", "abandoned"];

    private readonly ServiceNames services;
    private readonly Counter<long> decisions;
    private readonly Histogram<double> duration;

    internal DecisionMetrics(Meter meter, ServiceNames services)
    {
        this.services = services;
        decisions = meter.CreateCounter<long>("porthor.decisions", "{decision}", "Answers to proxies, by what became of them.");
        duration = meter.CreateHistogram<double>(
            "porthor.decision.duration", "s", "How long proxies waited for an answer.", advice: HistogramBuckets.ForResponses);
    }

    /// <summary>When a question came, to be handed to <see cref="Decided"/>; 0 if nobody listens.</summary>
    public long Begin() => decisions.Enabled ? Stopwatch.GetTimestamp() : 0;

    /// <param name="service">Null if the route names none.</param>
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
