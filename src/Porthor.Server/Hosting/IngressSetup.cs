using Porthor.Ingress;
using Porthor.Server.Http;
using Porthor.Server.Ingress;

namespace Porthor.Server.Hosting;

/// <summary>Registers forward authentication.</summary>
internal static class IngressSetup
{
    /// <summary>Adds the services of forward authentication.</summary>
    public static void AddIngress(this IServiceCollection services, PorthorDeployment deployment)
    {
        services.AddSingleton(deployment.RateCounter);
        services.AddSingleton<IIngressObserver, IngressObserver>();
        services.AddSingleton<IDeploymentHosts>(provider => provider.GetRequiredService<ServerIdentity>());
        services.AddSingleton<RateLimiter>();
        services.AddSingleton(new IngressOptions
        {
            Tokens = deployment.Settings.Tokens,
            AnswerTimeout = deployment.Settings.AnswerTimeout,
            AllowedOrigins = deployment.Settings.AllowedOrigins,
        });
        services.AddSingleton<IngressAuthorizer>();
        services.AddSingleton<RuleLog>();
        services.AddSingleton<IngressRuleReader>();
        services.AddSingleton<IngressRecorder>();
        services.AddSingleton<NginxResponse>();
        services.AddSingleton<ForwardResponse>();
        services.AddSingleton<IngressHandler>();
        services.AddSingleton<AnonymousEndpoint>();
        services.AddSingleton<ForwardEndpoint>();
    }
}
