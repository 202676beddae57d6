using System.Diagnostics.Metrics;
using Porthor.History;
using Porthor.Maintenance;
using Porthor.Storage;
using Porthor.Usage;

namespace Porthor.Telemetry;

/// <summary>
/// Contains all metrics, with a method for each event. The metrics of the reference have the same names as in the reference
/// (contract/configuration.md 5); the names of all others begin with <c>porthor</c>. A test checks the names, because dashboards depend on
/// them. If there is no listener, a method returns after it has checked this.
/// </summary>
public sealed class PorthorMetrics : ITokenStoreObserver, IUsageObserver, IMaintenanceObserver, IDisposable
{
    /// <summary>The default name of the meter.</summary>
    public const string MeterName = "Porthor";

    private readonly Meter meter;
    private readonly ServiceNames services = new();
    private readonly Gauge<long> activeUserSessions;
    private readonly Gauge<long> activeUserTokens;
    private readonly Counter<long> authorizedUsers;
    private readonly Counter<long> authorizedBots;
    private readonly Counter<long> rateLimits;
    private readonly Counter<long> rateLimitFailures;
    private readonly Counter<long> usageDropped;
    private readonly Counter<long> unavailable;
    private readonly Gauge<long> build;
    private readonly Counter<long> loginAttempts;
    private readonly Counter<long> loginSuccesses;
    private readonly Counter<long> loginFailures;
    private readonly Counter<long> loginEnrollments;
    private readonly Histogram<double> loginTime;
    private readonly Counter<long> passwordWork;
    private readonly Counter<long> loginsRefused;

    /// <summary>Creates the instruments.</summary>
    /// <param name="meterName">
    /// The name of the meter. A test uses a name of its own, so that it does not receive the measurements of other tests.
    /// </param>
    public PorthorMetrics(string meterName = MeterName)
    {
        meter = new Meter(meterName);
        activeUserSessions = meter.CreateGauge<long>(
            "active_user_sessions", "{user}", "Users with at least one unexpired token that has an expiration.");
        activeUserTokens = meter.CreateGauge<long>("active_user_tokens", "{token}", "User tokens that have not expired.");
        authorizedUsers = meter.CreateCounter<long>("auth_user", "{request}", "Allowed requests of users that are not bots.");
        authorizedBots = meter.CreateCounter<long>("auth_bot", "{request}", "Allowed requests of bot users.");
        rateLimits = meter.CreateCounter<long>("rate_limit", "{request}", "Requests that were denied because of the request limit.");
        loginAttempts = meter.CreateCounter<long>("login_attempt", "{login}", "Started logins.");
        loginSuccesses = meter.CreateCounter<long>("login_success", "{login}", "Logins that created a session.");
        loginFailures = meter.CreateCounter<long>("login_failure", "{login}", "Logins that ended with an error page.");
        loginEnrollments = meter.CreateCounter<long>(
            "login_enrollment", "{login}", "Logins that redirected the user to the enrollment page.");
        loginTime = meter.CreateHistogram<double>(
            "login_elapsed", "s", "Duration of successful logins, including the time that the user needs.",
            advice: HistogramBuckets.ForLogins);

        rateLimitFailures = meter.CreateCounter<long>(
            "porthor.rate_limit.failed", "{request}",
            "Requests that were allowed although they could not be counted for the request limit.");
        unavailable = meter.CreateCounter<long>(
            "porthor.unavailable", "{request}", "Requests with status 503 because a store did not respond.");
        usageDropped = meter.CreateCounter<long>(
            "porthor.uses.dropped", "{use}", "Token usage events that were not recorded because too many were waiting.");
        loginsRefused = meter.CreateCounter<long>(
            "porthor.login.refused", "{login}",
            "Logins that were denied without a password check, because of too many failures or concurrent checks.");
        passwordWork = meter.CreateCounter<long>("porthor.password.work", "{iteration}", "Hash iterations for password checks.");
        build = meter.CreateGauge<long>("porthor.build.info", unit: null, "Always 1. The labels contain the version and the mode.");
        Decisions = new DecisionMetrics(meter, services);
        Stores = new StoreMetrics(meter);
        Tokens = new TokenMetrics(meter);
        Maintenance = new MaintenanceMetrics(meter);
    }

    /// <summary>Returns the metrics of authorization subrequests.</summary>
    public DecisionMetrics Decisions { get; }

    /// <summary>Returns the metrics of the stores.</summary>
    public StoreMetrics Stores { get; }

    /// <summary>Returns the metrics of the tokens.</summary>
    public TokenMetrics Tokens { get; }

    /// <summary>Returns the metrics of maintenance and audits.</summary>
    public MaintenanceMetrics Maintenance { get; }

    /// <summary>Counts a request that forward authentication allowed.</summary>
    /// <param name="isBot">True if the user is a bot user.</param>
    /// <param name="service">The service of the ingress rule; null if the rule has none.</param>
    public void Authorized(bool isBot, string? service)
    {
        var counter = isBot ? authorizedBots : authorizedUsers;
        if (counter.Enabled)
            counter.AddSafely(1, services.Label(service));
    }

    /// <summary>Counts a request that was denied because of the request limit.</summary>
    public void RateLimited(bool isBot, string service) => rateLimits.AddSafely(1, new("is_bot", isBot), services.Label(service));

    /// <summary>Counts a request that was allowed although it could not be counted for the request limit.</summary>
    public void RateLimitFailed() => rateLimitFailures.AddSafely(1);

    /// <summary>Counts a request with status 503 because a store did not respond.</summary>
    public void StoreUnavailable() => unavailable.AddSafely(1);

    /// <summary>Counts the hash iterations of a password check.</summary>
    /// <param name="iterations">The number of iterations. It does not depend on the user.</param>
    public void PasswordCompared(long iterations) => passwordWork.AddSafely(iterations);

    /// <summary>Counts a login that was denied without a password check.</summary>
    public void LoginRefused() => loginsRefused.AddSafely(1);

    /// <inheritdoc/>
    public void UsageDropped() => usageDropped.AddSafely(1);

    /// <summary>Counts a started login.</summary>
    public void LoginAttempted() => loginAttempts.AddSafely(1);

    /// <summary>Counts a successful login, and measures its duration.</summary>
    /// <param name="elapsed">The time since the browser was redirected to the login provider; null if it is not known.</param>
    public void LoginSucceeded(TimeSpan? elapsed)
    {
        loginSuccesses.AddSafely(1);
        if (elapsed is { } time)
            loginTime.RecordSafely(time.TotalSeconds);
    }

    /// <summary>Counts a failed login.</summary>
    public void LoginFailed() => loginFailures.AddSafely(1);

    /// <summary>Counts a login that redirected the user to the enrollment page.</summary>
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
    /// Reports the version and the mode. Also reports 0 for the counters that alerts use, so that the first failure is an increase and not
    /// the beginning of a time series.
    /// </summary>
    public void Announce(string version, string mode)
    {
        build.RecordSafely(1, new("version", version), new("mode", mode));
        Counter<long>[] counters = [rateLimitFailures, unavailable, usageDropped, loginAttempts, loginSuccesses, loginFailures];
        foreach (var counter in counters)
            counter.AddSafely(0);
        Decisions.Announce();
    }

    /// <summary>Returns true if an instrument belongs to this object, and not to another meter of the same name.</summary>
    public bool Owns(Instrument instrument) => ReferenceEquals(instrument.Meter, meter);

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();
}
