using Porthor.Audit;
using Porthor.Composition;
using Porthor.Ldap;
using Porthor.Maintenance;
using Porthor.OpenIdConnect;
using Porthor.Operations;
using Porthor.Quotas;
using Porthor.Redis;
using Porthor.Secrets;
using Porthor.Server.Alerts;
using Porthor.Server.Configuration;
using Porthor.Server.Health;
using Porthor.Server.Platform;
using Porthor.Sessions;
using Porthor.Sql;
using Porthor.Storage;
using Porthor.Telemetry;
using Porthor.Tokens;
using Porthor.Usage;
using Porthor.Users;

namespace Porthor.Server.Hosting;

/// <summary>
/// Composes a deployment without the web server: the stores of the mode, and the services over them.
/// </summary>
internal sealed class PorthorDeployment : IAsyncDisposable
{
    /// <summary>The timeout for counting a request. After this time, the request continues without a quota check.</summary>
    private static readonly TimeSpan CountTimeout = TimeSpan.FromMilliseconds(100);

    private readonly RedisStore? ephemeral;
    private readonly LdapDirectory? directory;
    private bool disposed;

    private PorthorDeployment(
        PorthorSettings settings, DataDirectory? dataDirectory, SqlStores sql, PorthorMetrics metrics, ILoggerFactory loggers,
        TimeProvider clock)
    {
        Metrics = metrics;
        Settings = settings;
        DataDirectory = dataDirectory;
        Sql = sql;
        Loggers = loggers;
        Clock = clock;

        SessionKeys = settings.SessionKeys.Count > 0 ? settings.SessionKeys : dataDirectory?.SessionKeys ?? [FernetKey.Create()];
        var fernet = new Fernet(SessionKeys, clock);
        var stores = new TokenStoreOptions { ReadTimeout = settings.AnswerTimeout, ChangeTimeout = settings.ApiTimeout };
        if (settings is { Mode: DeploymentMode.Cluster, PersistentRedis: { } records })
        {
            Redis = new RedisRecordStore(
                records with { CallTimeout = settings.AnswerTimeout }, sql.Revocations, new RecordCodec(fernet, clock), stores,
                metrics.Stores, clock, loggers.CreateLogger<RedisRecordStore>());
        }
        RecordStore = Redis ?? sql.RecordStore;
        Services = new TokenServicesBuilder
        {
            TokenIndex = sql.TokenIndex,
            History = sql.History,
            UsageHistory = settings.Usage.Enabled ? sql.UsageHistory : null,
            UsageRetention = settings.Usage.KeptFor,
            RecordStore = RecordStore,
            Fernet = fernet,
            Loggers = loggers,
            Metrics = Metrics,
            Tokens = settings.Tokens,
            Stores = stores,
            Clock = clock,
            Damaged = e => Alerts.Raise(Alert.Of(e)),
        }.Build();

        if (settings.Usage.Enabled)
            Usage = new TokenUsageBuffer(sql.UsageHistory, Metrics, clock, loggers.CreateLogger<TokenUsageBuffer>());

        QuotaOverrides = new QuotaOverrides(
            Redis is null ? sql.QuotaOverrides : new RedisQuotaOverrideStore(Redis.Store), clock, loggers.CreateLogger<QuotaOverrides>())
        {
            Damaged = e => Alerts.Raise(Alert.Unreadable("quota-overrides", $"ValidationError: {e.Message}", e)),
        };
        if (settings.Providers.Ldap is { } ldap)
            directory = OpenDirectory(ldap, gidsMatter: !settings.Providers.AllocateIds, metrics.Stores, loggers);
        Users = new UserInfoService(
            settings.Providers.Users, directory,
            settings.Providers.AllocateIds ? new NumericIds(sql.Ids, loggers.CreateLogger<NumericIds>()) : null,
            settings.Quota, QuotaOverrides, clock, loggers.CreateLogger<UserInfoService>());
        if (Redis is not null && settings.EphemeralRedis is { } options)
        {
            ephemeral = RedisStore.Connect(
                options with { CallTimeout = settings.AnswerTimeout }, "ephemeral Redis", metrics.Stores,
                loggers.CreateLogger<RedisServer>());
        }
        RateCounter = ephemeral is not null ? new RedisRateCounter(ephemeral, CountTimeout)
            : settings is { Mode: DeploymentMode.Database, ExactQuotas: true } ? sql.CreateRateCounter(CountTimeout)
            : new LocalRateCounter(clock);
        AuthorizationCodes = ephemeral is null ? sql.OneTimeValues(clock) : new RedisOneTimeStore(ephemeral, keyPrefix: "");
        Dependencies = DependenciesOf(directory);
        OneTimeValues = Redis is null ? sql.OneTimeValues(clock) : new RedisOneTimeStore(Redis.Store);
        SessionCookie = new SessionCookie(fernet);
        BootstrapToken = settings.BootstrapToken ?? dataDirectory?.BootstrapToken;
    }

    /// <summary>Gets the object that accepts alerts, for example about a stored value that cannot be read.</summary>
    public AlertSink Alerts { get; } = new();

    public PorthorSettings Settings { get; }

    /// <summary>Gets the data directory; null in database and cluster mode.</summary>
    public DataDirectory? DataDirectory { get; }

    public SqlStores Sql { get; }

    /// <summary>Gets the record store in Redis; null if the record store is in the database.</summary>
    public RedisRecordStore? Redis { get; }

    public ITokenRecordStore RecordStore { get; }

    /// <summary>Gets the services over the stores.</summary>
    public TokenServices Services { get; }

    public TokenService Tokens => Services.Tokens;

    public TokenAudit Audit => Services.Audit;

    public TokenMaintenance Maintenance => Services.Maintenance;

    public RecordReencryption Reencryption => Services.Reencryption;

    /// <summary>Gets the buffer of token usage; null if usage is not recorded.</summary>
    public TokenUsageBuffer? Usage { get; }

    public UserInfoService Users { get; }

    public QuotaOverrides QuotaOverrides { get; }

    /// <summary>
    /// Gets the counter of requests for quotas. All nodes share it in cluster mode, and in database mode with <c>exactQuotas</c>.
    /// </summary>
    public IRateCounter RateCounter { get; }

    /// <summary>Gets the store of values that can be used once, shared by all nodes.</summary>
    public IOneTimeStore OneTimeValues { get; }

    /// <summary>Gets the store of the authorization codes of the OpenID Connect provider: in cluster mode the ephemeral Redis.</summary>
    public IOneTimeStore AuthorizationCodes { get; }

    public SessionCookie SessionCookie { get; }

    public IReadOnlyList<FernetKey> SessionKeys { get; }

    /// <summary>Gets the services that this deployment depends on while it runs.</summary>
    public IReadOnlyList<Dependency> Dependencies { get; }

    /// <summary>Gets the bootstrap token; null if the deployment has none.</summary>
    public Token? BootstrapToken { get; }

    public PorthorMetrics Metrics { get; }

    public ILoggerFactory Loggers { get; }

    public TimeProvider Clock { get; }

    /// <summary>Opens the stores that the settings name.</summary>
    /// <exception cref="StartException">The data directory cannot be used.</exception>
    public static PorthorDeployment Open(
        PorthorSettings settings, ILoggerFactory loggers, TimeProvider clock, DeploymentUse use = DeploymentUse.CreateIfMissing)
    {
        var readTimeout = settings.AnswerTimeout;
        var metrics = new PorthorMetrics();
        if (settings.Mode == DeploymentMode.Embedded)
        {
            var folder = DataDirectory.Open(settings.DataDirectory, bringsKeys: settings.SessionKeys.Count > 0, use);
            return new PorthorDeployment(
                settings, folder, OpenFile(folder, readTimeout, settings.ApiTimeout, metrics.Stores), metrics, loggers, clock);
        }
        var sql = SqlStores.Postgres(
            settings.DatabaseConnection!.Reveal(), settings.DatabaseConnections, readTimeout, settings.ApiTimeout, metrics.Stores, loggers);
        return new PorthorDeployment(settings, dataDirectory: null, sql, metrics, loggers, clock);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true))
            return;
        if (ephemeral is not null)
            await ephemeral.DisposeAsync();
        if (Redis is not null)
            await Redis.DisposeAsync();
        if (directory is not null)
            await directory.DisposeAsync();
        await Sql.DisposeAsync();
        Usage?.Dispose();
        Metrics.Dispose();
    }

    private IReadOnlyList<Dependency> DependenciesOf(LdapDirectory? directory)
    {
        // If the records are in Redis, forward authentication works without the token index. All nodes share the index, so a load balancer
        // that removes the nodes while it is unavailable would only make the service unavailable too.
        List<Dependency> dependencies =
            [
                new("token list", Required: RecordStore.IsTransactional, Sql.TokenIndex.CheckAsync),
                new("token records", Required: true, RecordStore.CheckAsync),
            ];
        // While the ephemeral Redis is unavailable, requests are allowed but not counted.
        if (ephemeral is not null)
            dependencies.Add(new("ephemeral Redis", Required: false, cancellation => CheckEphemeralAsync(ephemeral, cancellation)));
        // While LDAP is unavailable, cached user information is used.
        if (directory is not null)
            dependencies.Add(new("LDAP", Required: false, directory.CheckAsync));
        return dependencies;
    }

    private static LdapDirectory OpenDirectory(LdapSettings settings, bool gidsMatter, StoreMetrics metrics, ILoggerFactory loggers)
    {
        try
        {
            return new LdapDirectory(settings, gidsMatter, metrics, loggers);
        }
        catch (InvalidDataException e)
        {
            throw new StartException(e.Message, e);
        }
    }

    /// <summary>
    /// Tests the connection and all commands that Porthor needs, so that a missing permission is reported before a request needs it.
    /// </summary>
    private async Task CheckEphemeralAsync(RedisStore store, CancellationToken cancellationToken)
    {
        await store.CallAllAsync("checking the connection", db => db.PingAsync(), cancellationToken);
        if (RateCounter is RedisRateCounter counter)
            await counter.CheckPermissionsAsync(cancellationToken);
        if (Settings.OidcServer is not null && AuthorizationCodes is RedisOneTimeStore codes)
            await codes.CheckPermissionsAsync(AuthorizationCodeStore.NamePrefix, cancellationToken);
    }

    private static SqlStores OpenFile(DataDirectory folder, TimeSpan readTimeout, TimeSpan statementTimeout, StoreMetrics metrics)
    {
        try
        {
            return SqlStores.Sqlite(folder.DatabasePath, readTimeout, statementTimeout, metrics);
        }
        catch (StoreUnavailableException e)
        {
            throw new StartException($"The database {folder.DatabasePath} cannot be opened: {e.InnerException?.Message}", e);
        }
    }
}
