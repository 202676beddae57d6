using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Porthor.Audit;
using Porthor.Maintenance;
using Porthor.Operations;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;

namespace Porthor.Testing;

/// <summary>Runs the server in this process on a free port, with its own deployment.</summary>
internal sealed partial class TestServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ILoggerFactory loggers;
    private bool ownsDeployment;

    private TestServer(Deployment deployment, PorthorDeployment core, WebApplication app, ILoggerFactory loggers, JsonLogs logs)
    {
        Deployment = deployment;
        Core = core;
        this.app = app;
        this.loggers = loggers;
        Logs = logs;
        Url = new Uri(app.Urls.First());
        Client = CreateClient();
        LeakDetector = new SecretLeakDetector(() => logs.Raw);
        foreach (var key in core.SessionKeys)
            LeakDetector.Secret(key.Reveal());
    }

    public Deployment Deployment { get; }

    public PorthorDeployment Core { get; }

    public JsonLogs Logs { get; }

    /// <summary>Finds secrets in logs and responses. Stopping the server fails if it found one.</summary>
    public SecretLeakDetector LeakDetector { get; }

    public Uri Url { get; }

    /// <summary>A client without redirects and cookies.</summary>
    public HttpClient Client { get; }

    public TokenService Tokens => Core.Tokens;

    public TokenAudit Audit => Core.Audit;

    public TokenMaintenance Maintenance => Core.Maintenance;

    public IServiceProvider Services => app.Services;

    /// <param name="configure">Changes the settings before the server starts.</param>
    /// <param name="ownRedis">The Redis server of this test alone, which it can make fail.</param>
    /// <param name="external">The only external server to which requests are allowed; null for none.</param>
    /// <param name="provider">The base URL of a provider in another process, in place of <paramref name="external"/>.</param>
    public static async Task<TestServer> StartAsync(
        Mode mode,
        Func<PorthorSettings, PorthorSettings>? configure = null,
        TimeProvider? clock = null,
        RedisServerProcess? ownRedis = null,
        ExternalServer? external = null,
        string? provider = null)
    {
        var server = await StartAsync(await Deployment.CreateAsync(mode, ownRedis), configure, clock, external, provider);
        server.ownsDeployment = true;
        return server;
    }

    /// <summary>Starts a server on a deployment that other servers use too. The deployment is not disposed with the server.</summary>
    public static async Task<TestServer> StartAsync(
        Deployment deployment,
        Func<PorthorSettings, PorthorSettings>? configure = null,
        TimeProvider? clock = null,
        ExternalServer? external = null,
        string? provider = null,
        Action<IServiceCollection>? adjust = null)
    {
        if (configure is not null)
            deployment.Settings = configure(deployment.Settings);
        var logs = new JsonLogs();
        var loggers = LoggerFactory.Create(logging => logging
            .SetMinimumLevel(LogLevel.Debug)
            // As in production, this category is off: it would log query strings.
            .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None)
            .AddProvider(logs));
        var core = await deployment.OpenNodeAsync(clock, loggers);
        var app = ServerHost.Build(core, "http://127.0.0.1:0", loggers, services =>
        {
            ExternalServer.RestrictRequests(services, external, provider);
            adjust?.Invoke(services);
        });
        await app.StartAsync();
        return new TestServer(deployment, core, app, loggers, logs);
    }

    public HttpClient CreateClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8,
        ResponseHeaderEncodingSelector = (_, _) => Encoding.UTF8,
    })
    {
        BaseAddress = Url,
    };

    /// <summary>Stops the server gracefully. The stores stay open.</summary>
    public Task StopAsync() => app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await app.DisposeAsync();
        if (ownsDeployment)
            await Deployment.DisposeAsync();
        loggers.Dispose();
        LeakDetector.ThrowIfLeaked();
    }
}
