using Porthor.Quotas;
using Porthor.Redis;
using Porthor.Secrets;
using Porthor.Server.Http;
using Porthor.Server.Logging;
using Porthor.Tokens;
using Porthor.Usage;
using Porthor.Values;

namespace Porthor.Server.Configuration;

/// <summary>Where token index and record store are (design: three ways to run, one code path).</summary>
internal enum DeploymentMode
{
    /// <summary>Both in one SQLite file; one process.</summary>
    Embedded,

    /// <summary>Both in PostgreSQL.</summary>
    Database,

    /// <summary>The token index in PostgreSQL and the record store in Redis: the reference's layout.</summary>
    Cluster,
}

/// <summary>The configuration, read and checked.</summary>
internal sealed record PorthorSettings
{
    public required DeploymentMode Mode { get; init; }

    /// <summary>Where the configuration was read from; null if nothing was configured.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>Embedded mode's folder.</summary>
    public required string DataDirectory { get; init; }

    public Secret? DatabaseConnection { get; init; }

    /// <summary>How many connections to PostgreSQL this process may have.</summary>
    public int DatabaseConnections { get; init; } = 20;

    /// <summary>How long a proxy waits for an answer at the most, and so how long reading a record may take.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long the API may take: to change something, with all that it means for children, and to read a list or history.
    /// </summary>
    public TimeSpan ApiTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a start waits for a database that does not answer yet.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long the server serves on after it was told to stop, and says that it is leaving.</summary>
    public TimeSpan ShutdownDelay { get; init; }

    public RedisOptions? PersistentRedis { get; init; }

    public RedisOptions? EphemeralRedis { get; init; }

    /// <summary>Where users reach us. Null without configuration: the address listened on.</summary>
    public Uri? BaseUrl { get; init; }

    public Uri? AfterLogoutUrl { get; init; }

    public Uri? BaseInternalUrl { get; init; }

    public bool AllowSubdomains { get; init; }

    public string? ErrorFooter { get; init; }

    /// <summary>Whether logout ends the session itself; else the browser only forgets it, as with the reference.</summary>
    public bool RevokeOnLogout { get; init; } = true;

    /// <summary>Null where none is configured; embedded mode then has one of its own in its folder.</summary>
    public Token? BootstrapToken { get; init; }

    /// <summary>The first encrypts, all decrypt. Empty where none is configured; embedded mode then has one in its folder.</summary>
    public IReadOnlyList<FernetKey> SessionKeys { get; init; } = [];

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>The origins, in addition to Porthor's own, whose pages may open a WebSocket with a cookie.</summary>
    public IReadOnlyList<WebOrigin> AllowedOrigins { get; init; } = [];

    /// <summary>Whether unknown parameters of a rule, and a rule without a scope, are errors.</summary>
    public bool StrictRules { get; init; }

    /// <summary>The proxies whose forwarded headers are accepted; empty if the setting is not set, which means loopback.</summary>
    public IReadOnlyList<AddressBlock> Proxies { get; init; } = [];

    public TokenOptions Tokens { get; init; } = new();

    /// <summary>Whether uses of tokens are recorded, and for how long.</summary>
    public UsageOptions Uses { get; init; } = new();

    public QuotaPlan? Quota { get; init; }

    /// <summary>Whether the requests of all nodes are counted together in the database; only in database mode.</summary>
    public bool ExactQuotas { get; init; }

    /// <summary>Which groups give which scopes at login.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> GroupMapping { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>What the log says about answers to proxies.</summary>
    public DecisionLogOptions DecisionLog { get; init; } = new();

    /// <summary>The number of log lines per second that clients without a valid token can cause; zero for no limit.</summary>
    public int AnonymousLogLines { get; init; } = AnonymousLogLimit.DefaultPerSecond;

    public TelemetrySettings Telemetry { get; init; } = new();

    public SlackSettings Slack { get; init; } = new();

    /// <summary>Null if faults are not reported to Sentry.</summary>
    public SentrySettings? Sentry { get; init; }

    public ProviderSettings Providers { get; init; } = new();

    public OidcServerSettings? OidcServer { get; init; }
}

/// <param name="Alerts">Report uncaught exceptions too.</param>
internal sealed record SlackSettings(bool Alerts = false, Secret? Webhook = null);
