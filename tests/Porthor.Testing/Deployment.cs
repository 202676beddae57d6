using Microsoft.Extensions.Logging;
using Porthor.Redis;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Tokens;

namespace Porthor.Testing;

/// <summary>
/// Represents a deployment in one mode with its own, initially empty stores. Several nodes can be opened on it. In embedded mode there is
/// one file; tests open it a second time only to read its contents.
/// </summary>
internal sealed class Deployment : IAsyncDisposable
{
    public static readonly Dictionary<string, string> KnownScopes = new()
    {
        ["admin:token"] = "Can create and modify tokens for any user",
        ["admin:userinfo"] = "Can see user information for any user",
        ["admin:oidc"] = "Can manage OpenID Connect clients",
        ["exec:admin"] = "Can do administrative things",
        ["exec:notebook"] = "Can use notebooks",
        ["exec:test"] = "Can test",
        ["read:all"] = "Can read everything",
        ["read:some"] = "Can read something",
        ["user:token"] = "Can create and modify user tokens",
    };

    private readonly List<IAsyncDisposable> owned = [];
    private readonly string folder = Directory.CreateTempSubdirectory("porthor-node-").FullName;

    private Deployment(Mode mode) => Mode = mode;

    public Mode Mode { get; }

    public required PorthorSettings Settings { get; set; }

    /// <summary>The database's name; null in embedded mode.</summary>
    public string? DatabaseName { get; private init; }

    /// <param name="ownRedis">The Redis server of this deployment alone, for tests that make Redis fail.</param>
    /// <param name="databaseName">The name of the database; null for a generated name.</param>
    public static async Task<Deployment> CreateAsync(Mode mode, RedisServerProcess? ownRedis = null, string? databaseName = null)
    {
        var settings = new PorthorSettings
        {
            Mode = Enum.Parse<DeploymentMode>(mode.ToString()),
            DataDirectory = "",
            BaseUrl = new Uri("https://example.com"),
            SessionKeys = [FernetKey.Create()],
            BootstrapToken = Token.Create(),
            LogLevel = LogLevel.Debug,
            Tokens = new TokenOptions { KnownScopes = KnownScopes },
        };
        string? database = null;
        if (mode != Mode.Embedded)
        {
            var postgres = await RealServers.Instance.PostgresAsync();
            database = await postgres.CreateDatabaseAsync(databaseName);
            settings = settings with { DatabaseConnection = new Secret(postgres.ConnectionString(database)) };
        }
        if (mode == Mode.Cluster)
        {
            var redis = ownRedis ?? await RealServers.Instance.RedisAsync();
            RedisOptions Options() => new() { Host = "127.0.0.1", Port = redis.Port, Database = redis.NextDatabase() };
            settings = settings with { PersistentRedis = Options(), EphemeralRedis = Options() };
        }
        var deployment = new Deployment(mode) { Settings = settings, DatabaseName = database };
        deployment.Settings = settings with { DataDirectory = Path.Combine(deployment.folder, "data") };
        return deployment;
    }

    /// <summary>Opens a node and prepares its stores. The node is closed with the deployment.</summary>
    public async Task<PorthorDeployment> OpenNodeAsync(TimeProvider? clock = null, ILoggerFactory? loggers = null)
    {
        var core = PorthorDeployment.Open(Settings, loggers ?? LoggerFactory.Create(_ => { }), clock ?? TimeProvider.System);
        owned.Add(core);
        // Some tests open nodes whose secrets do not match.
        await StartupValidation.ForServerAsync(core, CancellationToken.None, SecretRequirement.None);
        // In cluster mode the record store becomes ready in the background.
        await RealServers.WaitUntilAsync(() => core.RecordStore.CheckAsync(CancellationToken.None), "the record store");
        return core;
    }

    /// <summary>Disposes an object together with the deployment.</summary>
    public T Own<T>(T disposable)
        where T : IAsyncDisposable
    {
        owned.Add(disposable);
        return disposable;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var disposable in Enumerable.Reverse(owned))
            await disposable.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
