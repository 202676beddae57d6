using System.Diagnostics.Metrics;
using Porthor.History;
using Porthor.Maintenance;
using Porthor.Storage;
using Porthor.Usage;

namespace Porthor.Telemetry;

/// <summary>
/// The facts that are measured, one method each. The names of the reference's events are kept (contract/configuration.md 5); what
/// is our own begins with <c>porthor</c>. Dashboards depend on all of them, so that a test holds them. While nobody listens, a
/// fact costs a comparison.
/// </summary>
public sealed class PorthorMetrics : ITokenStoreObserver, IUsageObserver, IMaintenanceObserver, IDisposable
{
    public const string MeterName = "Porthor";

    private readonly Meter meter;
    private readonly ServiceNames services = new();
    private readonly Gauge<long> activeUserSessions;
    private readonly Gauge<long> activeUserTokens;
    private readonly Counter<long> authorizedUsers;
    private readonly Counter<long> authorizedBots;
    private readonly Counter<long> rateLimits;
    private readonly Counter<long> rateLimitFailures;
    private readonly Counter<long> usesDropped;
    private readonly Counter<long> unavailable;
    private readonly Gauge<long> build;
    private readonly Counter<long> loginAttempts;
    private readonly Counter<long> loginSuccesses;
    private readonly Counter<long> loginFailures;
    private readonly Counter<long> loginEnrollments;
    private readonly Histogram<double> loginTime;
    private readonly Counter<long> passwordWork;
    private readonly Counter<long> loginsRefused;

    /// <param name="meterName">Another than the usual one keeps a test's facts apart from those of others.</param>
    public PorthorMetrics(string meterName = MeterName)
    {
        meter = new Meter(meterName);
        activeUserSessions = meter.CreateGauge<long>("active_user_sessions", "{user}", "Users with a token that expires and has not yet.");
        activeUserTokens = meter.CreateGauge<long>("active_user_tokens", "{token}", "User tokens that have not expired.");
        authorizedUsers = meter.CreateCounter<long>("auth_user", "{request}", "Requests of people that were let through.");
        authorizedBots = meter.CreateCounter<long>("auth_bot", "{request}", "Requests of bot users that were let through.");
        rateLimits = meter.CreateCounter<long>("rate_limit", "{request}", "Requests that were refused for their number.");
        loginAttempts = meter.CreateCounter<long>("login_attempt", "{login}", "Logins that were begun.");
        loginSuccesses = meter.CreateCounter<long>("login_success", "{login}", "Logins that ended in a session.");
        loginFailures = meter.CreateCounter<long>("login_failure", "{login}", "Logins that ended on an error page.");
        loginEnrollments = meter.CreateCounter<long>("login_enrollment", "{login}", "Users who were sent to enroll first.");
        loginTime = meter.CreateHistogram<double>(
            "login_elapsed", "s", "How long logins took that succeeded, with the user's part in it.", advice: HistogramBuckets.ForLogins);

        rateLimitFailures = meter.CreateCounter<long>("porthor.rate_limit.failed", "{request}", "Requests that could not be counted, and went on.");
        unavailable = meter.CreateCounter<long>("porthor.unavailable", "{request}", "Requests answered with 503, because a store did not answer.");
        usesDropped = meter.CreateCounter<long>("porthor.uses.dropped", "{use}", "Uses of tokens that were not written down, because there were too many.");
        loginsRefused = meter.CreateCounter<long>("porthor.login.refused", "{login}", "Passwords that were not looked at, because of too many before or at once.");
        passwordWork = meter.CreateCounter<long>("porthor.password.work", "{iteration}", "What comparing passwords with hashes cost.");
        build = meter.CreateGauge<long>("porthor.build.info", unit: null, "Always 1; the labels tell what runs.");
        Decisions = new DecisionMetrics(meter, services);
        Stores = new StoreMetrics(meter);
        Tokens = new TokenMetrics(meter);
        Upkeep = new MaintenanceMetrics(meter);
    }

    /// <summary>What proxies were answered.</summary>
    public DecisionMetrics Decisions { get; }

    public StoreMetrics Stores { get; }

    public TokenMetrics Tokens { get; }

    /// <summary>What maintenance and audit last found.</summary>
    public MaintenanceMetrics Upkeep { get; }

    /// <param name="service">Null if the route names none.</param>
    public void Authorized(bool isBot, string? service)
    {
        var counter = isBot ? authorizedBots : authorizedUsers;
        if (counter.Enabled)
            counter.AddSafely(1, services.Label(service));
    }

    public void RateLimited(bool isBot, string service) => rateLimits.AddSafely(1, new("is_bot", isBot), services.Label(service));

    public void RateLimitFailed() => rateLimitFailures.AddSafely(1);

    public void StoreUnavailable() => unavailable.AddSafely(1);

    /// <param name="iterations">The same for whoever's password it is.</param>
    public void PasswordCompared(long iterations) => passwordWork.AddSafely(iterations);

    public void LoginRefused() => loginsRefused.AddSafely(1);

    /// <inheritdoc/>
    public void UsageDropped() => usesDropped.AddSafely(1);

    public void LoginAttempted() => loginAttempts.AddSafely(1);

    /// <param name="elapsed">Since the browser was sent to the provider; null if that is not known.</param>
    public void LoginSucceeded(TimeSpan? elapsed)
    {
        loginSuccesses.AddSafely(1);
        if (elapsed is { } time)
            loginTime.RecordSafely(time.TotalSeconds);
    }

    public void LoginFailed() => loginFailures.AddSafely(1);

    public void LoginEnrolling() => loginEnrollments.AddSafely(1);

    /// <inheritdoc/>
    public void TokensCounted(TokenCounts counts)
    {
        activeUserSessions.RecordSafely(counts.SessionUsers);
        activeUserTokens.RecordSafely(counts.UserTokens);
    }

    /// <inheritdoc/>
    public void TokensChanged(IReadOnlyList<TokenChange> changes) => Tokens.Changed(changes);

    /// <inheritdoc/>
    public void RecordDecrypted() => Tokens.RecordDecrypted();

    /// <inheritdoc/>
    public void CacheCreated(string name, Func<(long Hits, long Misses)> lookups) => Stores.Watch(name, lookups);

    /// <summary>
    /// Tells what runs, and shows the counters that alerts look at as 0: the first fault must be seen as a rise, not as the beginning of a series.
    /// </summary>
    public void Announce(string version, string mode)
    {
        build.RecordSafely(1, new("version", version), new("mode", mode));
        foreach (var counter in (Counter<long>[])[rateLimitFailures, unavailable, usesDropped, loginAttempts, loginSuccesses, loginFailures])
            counter.AddSafely(0);
        Decisions.Announce();
    }

    /// <summary>Whether an instrument is one of these, and not of another with the same names.</summary>
    public bool Owns(Instrument instrument) => ReferenceEquals(instrument.Meter, meter);

    public void Dispose() => meter.Dispose();
}
