using System.Diagnostics.Metrics;

namespace Porthor.Events;

/// <summary>
/// The facts that are measured, one method each. The names are the reference's event names; dashboards depend on them
/// (contract/configuration.md 5).
/// </summary>
public sealed class PorthorMetrics : IDisposable
{
    public const string MeterName = "Porthor";

    private readonly Meter meter = new(MeterName);
    private readonly Gauge<long> activeUserSessions;
    private readonly Gauge<long> activeUserTokens;
    private readonly Counter<long> authorizedUsers;
    private readonly Counter<long> authorizedBots;
    private readonly Counter<long> rateLimits;
    private readonly Counter<long> rateLimitFailures;
    private readonly Counter<long> usesDropped;
    private readonly Counter<long> unavailable;
    private readonly Counter<long> loginAttempts;
    private readonly Counter<long> loginSuccesses;
    private readonly Counter<long> loginFailures;
    private readonly Counter<long> loginEnrollments;
    private readonly Histogram<double> loginTime;

    public PorthorMetrics()
    {
        activeUserSessions = meter.CreateGauge<long>("active_user_sessions", "{user}", "Users with a token that expires and has not yet.");
        activeUserTokens = meter.CreateGauge<long>("active_user_tokens", "{token}", "User tokens that have not expired.");
        authorizedUsers = meter.CreateCounter<long>("auth_user", "{request}", "Requests of people that were let through.");
        authorizedBots = meter.CreateCounter<long>("auth_bot", "{request}", "Requests of bot users that were let through.");
        rateLimits = meter.CreateCounter<long>("rate_limit", "{request}", "Requests that were refused for their number.");
        rateLimitFailures = meter.CreateCounter<long>("rate_limit_failed", "{request}", "Requests that could not be counted, and went on.");
        unavailable = meter.CreateCounter<long>("store_unavailable", "{request}", "Requests answered with 503, because a store did not answer.");
        usesDropped = meter.CreateCounter<long>("uses_dropped", "{use}", "Uses of tokens that were not written down, because there were too many.");
        loginAttempts = meter.CreateCounter<long>("login_attempt", "{login}", "Logins that were begun.");
        loginSuccesses = meter.CreateCounter<long>("login_success", "{login}", "Logins that ended in a session.");
        loginFailures = meter.CreateCounter<long>("login_failure", "{login}", "Logins that ended on an error page.");
        loginEnrollments = meter.CreateCounter<long>("login_enrollment", "{login}", "Users who were sent to enroll first.");
        loginTime = meter.CreateHistogram<double>("login_elapsed", "s", "How long logins took that succeeded, with the user's part in it.");
    }

    /// <param name="service">Null if the route names none.</param>
    public void Authorized(bool isBot, string? service) =>
        (isBot ? authorizedBots : authorizedUsers).Add(1, new KeyValuePair<string, object?>("service", service));

    public void RateLimited(bool isBot, string service) =>
        rateLimits.Add(1, new KeyValuePair<string, object?>("is_bot", isBot), new KeyValuePair<string, object?>("service", service));

    public void RateLimitFailed() => rateLimitFailures.Add(1);

    public void StoreUnavailable() => unavailable.Add(1);

    public void UseDropped() => usesDropped.Add(1);

    public void LoginAttempted() => loginAttempts.Add(1);

    /// <param name="elapsed">Since the browser was sent to the provider; null if that is not known.</param>
    public void LoginSucceeded(TimeSpan? elapsed)
    {
        loginSuccesses.Add(1);
        if (elapsed is { } time)
            loginTime.Record(time.TotalSeconds);
    }

    public void LoginFailed() => loginFailures.Add(1);

    public void LoginEnrolling() => loginEnrollments.Add(1);

    public void ActiveUserSessions(long count) => activeUserSessions.Record(count);

    public void ActiveUserTokens(long count) => activeUserTokens.Record(count);

    /// <summary>Whether an instrument is one of these, and not of another with the same names.</summary>
    public bool Owns(Instrument instrument) => ReferenceEquals(instrument.Meter, meter);

    public void Dispose() => meter.Dispose();
}
