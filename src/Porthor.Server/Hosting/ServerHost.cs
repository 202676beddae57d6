using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Porthor.Server.Api.Description;
using Porthor.Server.Configuration;
using Porthor.Server.Health;
using Porthor.Server.Http;
using Porthor.Server.Logging;
using Porthor.Server.Login.Local;
using Porthor.Server.Observation;
using Porthor.Server.Platform;
using Porthor.Server.Values;

namespace Porthor.Server.Hosting;

/// <summary>Starts the server, serves requests until shutdown is requested, and stops the server.</summary>
internal static partial class ServerHost
{
    /// <summary>The time that running requests have to complete when the server stops.</summary>
    public static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(15);

    /// <param name="urls">The addresses to listen on, separated by ';'.</param>
    public static async Task<int> RunAsync(PorthorSettings settings, string urls, CancellationToken cancellationToken)
    {
        using var loggers = LoggerFactory.Create(
            logging => logging.AddPorthorLogging(
                settings.LogLevel, decisions: settings.DecisionLog, anonymousPerSecond: settings.AnonymousLogLines));
        ReserveThreads(settings);
        await using var core = PorthorDeployment.Open(settings, loggers, TimeProvider.System);
        using var claim = core.DataDirectory?.Claim();
        await StartupValidation.ForServerAsync(core, cancellationToken);
        using var telemetry = OpenTelemetrySetup.Start(settings.Telemetry, core.Metrics, core.Settings.Mode);
        await using var app = Build(core, urls, loggers);
        UnixSockets.RemoveStale(urls);
        await StartAsync(app, urls, cancellationToken);
        await using var metricsServer = await StartMetricsServerAsync(core, telemetry, app, loggers, cancellationToken);
        // The password is created after the server listens, so that a printed password can be used.
        var password = LocalAdministrator.Of(core.DataDirectory, settings)?.CreateIfMissing();
        StartupBanner.Print(core, [.. app.Urls], app.Services.GetRequiredService<ServerIdentity>().BaseUrl, password);
        WarnAboutCookies(core, loggers);
        if (AdministratorSettings.FindWarning(core.Settings) is { } administrators)
            Log.InitialAdmins(loggers.CreateLogger(typeof(ServerHost)), administrators);
        // Reports unavailable dependencies at startup instead of at the first request. The server does not wait for the check.
        _ = app.Services.GetRequiredService<Readiness>().CheckAsync();
        await app.WaitForShutdownAsync(cancellationToken);
        return 0;
    }

    /// <summary>Builds the web application over opened stores, without starting it.</summary>
    /// <param name="adjust">Changes the services; tests replace clients of external services.</param>
    public static WebApplication Build(
        PorthorDeployment core, string urls, ILoggerFactory loggers, Action<IServiceCollection>? adjust = null)
    {
        // The empty builder reads no appsettings files and no environment variables.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "porthor" });
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            HeaderEncodings.Configure(kestrel);
            RequestLimits.Configure(kestrel.Limits);
        });
        builder.WebHost.UseUrls(urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        builder.Services.AddSingleton(loggers);
        builder.Services.Add(ServiceDescriptor.Singleton(typeof(ILogger<>), typeof(Logger<>)));
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = core.Settings.ShutdownDelay + ShutdownTimeout);
        adjust?.Invoke(builder.Services);
        builder.Services.AddPorthorServer(core, services => new ServerIdentity(
            () => core.Settings.BaseUrl ?? ListeningUrl(services.GetRequiredService<IServer>()),
            core.Settings.AllowSubdomains,
            LocalAccounts.AreUsed(core.DataDirectory, core.Settings) ? Routes.LoginForm : Routes.Login));
        var app = builder.Build();
        app.UsePorthorServer(core);
        return app;
    }

    /// <summary>Returns the OpenAPI description of the API. It needs no stores and no configuration.</summary>
    public static async Task<string> DescribeAsync(bool addBackLink, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("porthor-describe-");
        try
        {
            var settings = SettingsLoader.Load(
                SettingsLoader.NoFile, folder.FullName, SettingsScope.Stores, new EnvironmentVariables(new Dictionary<string, string>()));
            using var loggers = LoggerFactory.Create(_ => { });
            await using var core = PorthorDeployment.Open(settings, loggers, TimeProvider.System);
            await using var app = Build(core, "http://127.0.0.1:0", loggers);
            return await Documents.DescribeAsync(app, addBackLink, cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>
    /// Increases the minimum number of threads of the process. Npgsql blocks a thread for each connection on which it cancels a statement.
    /// When PostgreSQL responds again after an interruption, these can be all connections at once. Requests that need no database must
    /// not wait for these threads. The value applies to the whole process, so the server sets it, not the library.
    /// </summary>
    internal static void ReserveThreads(PorthorSettings settings)
    {
        if (settings.Mode == DeploymentMode.Embedded)
            return;
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.SetMinThreads(Math.Max(workers, Environment.ProcessorCount + settings.DatabaseConnections), completions);
    }

    private static async Task StartAsync(WebApplication app, string urls, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or FormatException or System.Net.Sockets.SocketException)
        {
            throw new StartException(
                $"Cannot listen on {urls}: {(e.InnerException ?? e).Message.TrimEnd('.')}. Choose another with --port or --host.", e);
        }
    }

    /// <summary>Starts the server for metrics and health. Returns null if no metrics port is configured.</summary>
    private static async Task<WebApplication?> StartMetricsServerAsync(
        PorthorDeployment core, OpenTelemetrySetup telemetry, WebApplication app, ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        if (core.Settings.Telemetry.MetricsPort is null)
            return null;
        var server = MetricsServer.Build(
            core.Settings.Telemetry, app.Services.GetRequiredService<Readiness>(), telemetry.Metrics!, loggers);
        await MetricsServer.StartAsync(server, core.Settings.Telemetry, cancellationToken);
        Log.Watched(loggers.CreateLogger(typeof(ServerHost)), server.Urls.First());
        return server;
    }

    /// <summary>Returns the first TCP address that the server listens on, which is the base URL if none is configured.</summary>
    private static Uri ListeningUrl(IServer server)
    {
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        // Browsers cannot connect to Unix sockets.
        var address = addresses.FirstOrDefault(one => !UnixSockets.Is(one)) ?? "http://127.0.0.1:8080";
        var url = new Uri(
            address.Replace("://*", "://localhost", StringComparison.Ordinal).Replace("://+", "://localhost", StringComparison.Ordinal));
        var any = IPAddress.TryParse(url.Host, out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any));
        return any ? new UriBuilder(url) { Host = "localhost" }.Uri : url;
    }

    private static void WarnAboutCookies(PorthorDeployment core, ILoggerFactory loggers)
    {
        if (core.Settings.BaseUrl is { Scheme: "http", IsLoopback: false } url)
            Log.InsecureCookies(loggers.CreateLogger(typeof(ServerHost)), url.ToString());
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Metrics and health are at {Url}")]
        public static partial void Watched(ILogger logger, string url);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The setting initialAdmins has no effect")]
        public static partial void InitialAdmins(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Warning, Message = "baseUrl is {Url}: session cookies are sent unencrypted. Use https.")]
        public static partial void InsecureCookies(ILogger logger, string url);
    }
}
