using Porthor.Server.Http;
using Porthor.Server.Observation;

namespace Porthor.Server.Hosting;

/// <summary>Registers the services of a deployment.</summary>
internal static class DeploymentServices
{
    /// <summary>
    /// Registers the stores and services of an opened deployment, so that a class can receive the ones it needs in its constructor. The
    /// deployment itself is not registered.
    /// </summary>
    public static void AddDeployment(this IServiceCollection services, PorthorDeployment deployment)
    {
        services.AddSingleton(deployment.Settings);
        services.AddSingleton(deployment.Settings.Tokens);
        services.AddSingleton(deployment.Clock);
        services.AddSingleton(deployment.Metrics);
        services.AddSingleton(deployment.Alerts);
        services.AddSingleton(deployment.Sql);
        services.AddSingleton(deployment.RecordStore);
        services.AddSingleton(deployment.Tokens);
        services.AddSingleton(deployment.Maintenance);
        services.AddSingleton(deployment.Users);
        services.AddSingleton(deployment.QuotaOverrides);
        services.AddSingleton(deployment.SessionCookie);
        services.AddSingleton(new BootstrapCredential(deployment.BootstrapToken));
        services.AddSingleton(new SessionKeys(deployment.SessionKeys));
        if (deployment.Usage is { } usage)
            services.AddSingleton(usage);
    }
}
