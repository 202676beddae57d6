using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Porthor.Telemetry;

/// <summary>Identifies the outcome of an authorization subrequest.</summary>
public enum AuthorizationOutcome
{
    /// <summary>The request is allowed.</summary>
    Allowed,

    /// <summary>No valid credential was presented.</summary>
    Unauthenticated,

    /// <summary>The authenticated user does not have the permission.</summary>
    Denied,
    /// <summary>The user has reached the request limit of the service.</summary>
    RateLimited,

    /// <summary>The authorization subrequest is invalid, because of an error in the configuration of the proxy.</summary>
    Invalid,

    /// <summary>A store did not respond.</summary>
    Unavailable,

    /// <summary>An internal error occurred.</summary>
    Failed,

    /// <summary>The proxy closed the connection before the response.</summary>
    Abandoned,
}

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
