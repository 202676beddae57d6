using Porthor.Quotas;
using Porthor.Redis;
using Porthor.Secrets;
using Porthor.Server.Logging;
using Porthor.Tokens;
using Porthor.Usage;
using Porthor.Values;

namespace Porthor.Server.Configuration;

/// <summary>Specifies where the token index and the record store are.</summary>
internal enum DeploymentMode
{
    /// <summary>Both are in one SQLite file, used by one server process.</summary>
    Embedded,

    /// <summary>Both are in PostgreSQL.</summary>
    Database,

    /// <summary>The token index is in PostgreSQL and the record store in Redis, as in the reference.</summary>
    Cluster,
}

/// <summary>Represents the validated configuration.</summary>
internal sealed record PorthorSettings
{
    public required DeploymentMode Mode { get; init; }

    /// <summary>Gets the path of the configuration file; null if there is none.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>Gets the data directory of embedded mode.</summary>
    public required string DataDirectory { get; init; }

    public Secret? DatabaseConnection { get; init; }

    /// <summary>Gets the maximum number of connections of this process to PostgreSQL.</summary>
    public int DatabaseConnections { get; init; } = 20;

    /// <summary>Gets the maximum time for an authorization subrequest, which includes the time for reading the token record.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Gets the maximum time for an API request: for a change including its effects on child tokens, and for reading a list or the history.
    /// </summary>
    public TimeSpan ApiTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets the maximum time that the start waits for a database that does not respond yet.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets how long the server keeps serving requests after shutdown was requested, while it drains connections.</summary>
    public TimeSpan ShutdownDelay { get; init; }

    public RedisOptions? PersistentRedis { get; init; }

    public RedisOptions? EphemeralRedis { get; init; }

    /// <summary>
    /// Gets the URL at which users reach the server; null if it is not set and the address that the server listens on is used.
    /// </summary>
    public Uri? BaseUrl { get; init; }

    public Uri? AfterLogoutUrl { get; init; }

    public Uri? BaseInternalUrl { get; init; }

    public bool AllowSubdomains { get; init; }

    public string? ErrorFooter { get; init; }

    /// <summary>Gets whether logout revokes the session; otherwise it only removes the cookie, as the reference does.</summary>
    public bool RevokeOnLogout { get; init; } = true;

    /// <summary>
    /// Gets the configured bootstrap token; null if none is configured. Embedded mode then uses the token in its data directory.
    /// </summary>
    public Token? BootstrapToken { get; init; }

    /// <summary>
    /// Gets the session secrets. The first one encrypts, and all of them decrypt. If the list is empty, embedded mode uses the secret in
    /// its data directory.
    /// </summary>
    public IReadOnlyList<FernetKey> SessionKeys { get; init; } = [];

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Gets the origins, in addition to Porthor's own, whose pages may open a WebSocket with a cookie.</summary>
    public IReadOnlyList<WebOrigin> AllowedOrigins { get; init; } = [];

    /// <summary>Gets whether warnings about a rule are errors, for example unknown parameters or no scope.</summary>
    public bool StrictRules { get; init; }

    /// <summary>Gets the proxies whose forwarded headers are accepted; empty if the setting is not set, which means loopback.</summary>
    public IReadOnlyList<AddressBlock> Proxies { get; init; } = [];

    public TokenOptions Tokens { get; init; } = new();

    /// <summary>Gets whether token usage is recorded, and how long it is kept.</summary>
    public UsageOptions Usage { get; init; } = new();

    public QuotaPlan? Quota { get; init; }

    /// <summary>Gets whether the requests of all nodes are counted together in the database. Has an effect only in database mode.</summary>
    public bool ExactQuotas { get; init; }

    /// <summary>Gets the groups that give each scope at login.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> GroupMapping { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Gets the users who receive the scope <c>admin:token</c> at login, independently of their groups.</summary>
    public IReadOnlySet<string> AdminUsers { get; init; } = new HashSet<string>();

    /// <summary>Gets the users of the setting <c>initialAdmins</c> of Gafaelfawr 15.4.1, which has no effect.</summary>
    public IReadOnlyList<string> InitialAdmins { get; init; } = [];

    /// <summary>Gets which forward authentication decisions are logged.</summary>
    public DecisionLogOptions DecisionLog { get; init; } = new();

    /// <summary>Gets the number of log lines per second that clients without a valid token can cause; zero for no limit.</summary>
    public int AnonymousLogLines { get; init; } = AnonymousLogLimit.DefaultPerSecond;

    public TelemetrySettings Telemetry { get; init; } = new();

    public SlackSettings Slack { get; init; } = new();

    /// <summary>Gets the settings of Sentry; null if errors are not reported to Sentry.</summary>
    public SentrySettings? Sentry { get; init; }

    public ProviderSettings Providers { get; init; } = new();

    public OidcServerSettings? OidcServer { get; init; }
}

/// <summary>Represents the settings of alerts to Slack.</summary>
/// <param name="Alerts">True to report uncaught exceptions too.</param>
/// <param name="Webhook">The URL of the webhook; null to send no alerts.</param>
internal sealed record SlackSettings(bool Alerts = false, Secret? Webhook = null);
