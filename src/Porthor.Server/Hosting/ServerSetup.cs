using Microsoft.Extensions.DependencyInjection.Extensions;
using Porthor.Server.Alerts;
using Porthor.Server.Api;
using Porthor.Server.Api.Description;
using Porthor.Server.Health;
using Porthor.Server.Http;
using Porthor.Server.Ingress;
using Porthor.Server.Observation;
using Porthor.Server.OpenIdConnect;
using Porthor.Server.Values;
using Porthor.Server.Web;

namespace Porthor.Server.Hosting;

/// <summary>Configures the web server: its services, middleware and routes.</summary>
internal static class ServerSetup
{
    public static void AddPorthorServer(
        this IServiceCollection services, PorthorDeployment core, Func<IServiceProvider, ServerIdentity> identity)
    {
        services.AddDeployment(core);
        services.AddSingleton(identity);
        services.AddSingleton(new TrustedProxies(core.Settings.Proxies));
        services.AddSingleton<PeerWarnings>();
        services.AddSingleton<PorthorExceptionHandler>();
        services.AddSingleton<GracefulShutdown>();
        services.AddHostedService(provider => provider.GetRequiredService<GracefulShutdown>());
        services.AddSingleton<Authenticator>();
        services.AddIngress(core);
        services.AddSingleton<AlertDispatcher>();
        services.AddHostedService(provider => provider.GetRequiredService<AlertDispatcher>());
        services.AddLogin(core);
        services.AddOpenIdConnect(core);
        services.AddSingleton(
            new Readiness(core.Dependencies, core.Clock, 2 * core.Settings.AnswerTimeout, core.Loggers.CreateLogger<Readiness>()));
        services.AddRouting();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, CaseSensitivePathPolicy>());
        services.AddPorthorDocuments();
        services.AddPages();
        if (core.Settings.Mode == Configuration.DeploymentMode.Embedded)
            services.AddHostedService<EmbeddedMaintenance>();
        services.AddHostedService<NodeRegistry>();
        if (core.Settings.Telemetry.HasMetrics)
            services.AddHostedService<MaintenanceMetricsPublisher>();
        if (core.Usage is not null)
            services.AddHostedService<TokenUsageFlushService>();
    }

    public static void UsePorthorServer(this WebApplication app, PorthorDeployment core)
    {
        app.UseGracefulShutdown();
        app.UseMiddleware<RequestContext>();
        app.UseMiddleware<HeadRequests>();
        app.UseMiddleware<RequestLimits>();
        app.UseIngress();
        app.UseMiddleware<UnmatchedRouteMiddleware>();
        app.UseRouting();
        app.UseMiddleware<ApiAuthorizationMiddleware>();

        var api = app.MapGroup(ApiRoutes.Prefix);
        api.MapTokens();
        api.MapHistory(withUsage: core.Usage is not null);
        api.MapUsers();
        api.MapDirectory();
        api.MapQuotaOverrides();
        app.MapGroupMembership();
        app.MapIngress();
        app.MapLogin(core);
        app.MapOpenIdConnect(api);
        app.MapInternal();
        app.MapHealth();
        app.MapPages();
        app.MapPorthorDocuments();
#pragma warning disable ASP0014 // The endpoints are added here, so that the routes can be described before the server starts.
        app.UseEndpoints(_ => { });
#pragma warning restore ASP0014
    }
}
