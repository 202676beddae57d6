using Microsoft.Extensions.DependencyInjection.Extensions;
using Porthor.Server.Alerts;
using Porthor.Server.Api;
using Porthor.Server.Api.Description;
using Porthor.Server.Health;
using Porthor.Server.Hosting;
using Porthor.Server.Http;
using Porthor.Server.Ingress;
using Porthor.Server.Login;
using Porthor.Server.Observation;
using Porthor.Server.Web;

namespace Porthor.Server;

/// <summary>The web server, put together: which services it has and what a request passes through.</summary>
internal static class ServerSetup
{
    public static void AddPorthorServer(this IServiceCollection services, PorthorCore core, Func<IServiceProvider, ServerIdentity> identity)
    {
        services.AddSingleton(core);
        services.AddSingleton(core.Tokens);
        services.AddSingleton(core.Users);
        services.AddSingleton(core.QuotaOverrides);
        services.AddSingleton(core.Settings.Tokens);
        services.AddSingleton(identity);
        services.AddSingleton(new TrustedProxies(core.Settings.Proxies));
        services.AddSingleton<PeerWarnings>();
        services.AddSingleton<ExceptionShield>();
        services.AddSingleton<Leaving>();
        services.AddHostedService(provider => provider.GetRequiredService<Leaving>());
        services.AddSingleton<Authenticator>();
        services.AddSingleton(new RateLimiter(core.RateCounter, core.Metrics, core.Clock, core.Loggers.CreateLogger<RateLimiter>()));
        services.AddSingleton<RuleLog>();
        services.AddSingleton<IngressHandler>();
        services.AddSingleton<AnonymousEndpoint>();
        services.AddSingleton<ForwardEndpoint>();
        services.AddSingleton<AlertPoster>();
        services.AddHostedService(provider => provider.GetRequiredService<AlertPoster>());
        services.AddLogin(core);
        services.AddSingleton(new Readiness(core.Dependencies, core.Clock, 2 * core.Settings.AnswerTimeout, core.Loggers.CreateLogger<Readiness>()));
        services.AddRouting();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, StrictPaths>());
        services.AddPorthorDocuments();
        services.AddPages();
        if (core.Settings.Mode == Configuration.DeploymentMode.Embedded)
            services.AddHostedService<EmbeddedMaintenance>();
        services.AddHostedService<NodeNotes>();
        if (core.Settings.Telemetry.HasMetrics)
            services.AddHostedService<UpkeepWatch>();
        if (core.Uses is { } uses)
        {
            services.AddSingleton(uses);
            services.AddHostedService<UseWriter>();
        }
    }

    public static void UsePorthorServer(this WebApplication app)
    {
        var core = app.Services.GetRequiredService<PorthorCore>();
        app.UseLeaving();
        app.UseMiddleware<RequestContext>();
        app.UseMiddleware<HeadRequests>();
        app.UseMiddleware<RequestLimits>();
        app.UseIngress();
        app.UseMiddleware<NoRoute>();
        app.UseRouting();
        app.UseMiddleware<ApiGate>();

        var api = app.MapGroup(ApiGate.Prefix);
        api.MapTokens();
        api.MapHistory(withUses: core.Uses is not null);
        api.MapUsers();
        api.MapDirectory();
        api.MapQuotaOverrides();
        app.MapGroupMembership();
        app.MapIngress();
        app.MapLogin(core);
        app.MapInternal();
        app.MapHealth();
        app.MapPages();
        app.MapPorthorDocuments();
#pragma warning disable ASP0014 // Called for its effect now: the routes can be described before the server is started.
        app.UseEndpoints(_ => { });
#pragma warning restore ASP0014
    }
}
