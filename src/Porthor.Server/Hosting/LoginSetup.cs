using Microsoft.Extensions.DependencyInjection.Extensions;
using Porthor.Server.Login;
using Porthor.Server.Login.GitHub;
using Porthor.Server.Login.Oidc;
using Porthor.Users;

namespace Porthor.Server.Hosting;

/// <summary>Registers login and logout with the configured provider.</summary>
internal static class LoginSetup
{
    public static void AddLogin(this IServiceCollection services, PorthorDeployment core)
    {
        services.AddSingleton(new LoginErrorPage(core.Settings));
        services.AddSingleton(new UsedLoginStates(core.OneTimeValues));
        services.AddSingleton(new NumericIds(core.Sql.Ids, core.Loggers.CreateLogger<NumericIds>()));
        services.AddSingleton<LoginCompletion>();
        services.AddSingleton<LoginEndpoints>();
        services.AddSingleton<LogoutEndpoint>();

        // All requests to providers use this handler.
        services.TryAddSingleton<HttpMessageHandler>(_ => ProviderClient.CreateHandler());
        if (core.Settings.Providers.Oidc is { } oidc)
        {
            services.AddSingleton(oidc);
            services.AddSingleton(core.Clock);
            services.AddSingleton(provider => new ProviderClient("OIDC", provider.GetRequiredService<HttpMessageHandler>()));
            services.AddSingleton<OidcDiscovery>();
            services.AddSingleton<IdTokenVerifier>();
            services.AddSingleton<ILoginProvider, OidcLoginProvider>();
        }
        else if (core.Settings.Providers.GitHub is { } gitHub)
        {
            services.AddSingleton(gitHub);
            services.TryAddSingleton(GitHubAddresses.Public);
            services.AddSingleton(provider => new ProviderClient("GitHub", provider.GetRequiredService<HttpMessageHandler>()));
            services.AddSingleton<GitHubApi>();
            services.AddSingleton<ILoginProvider, GitHubLoginProvider>();
        }
        services.AddLocalLogin(core);
    }

    public static void MapLogin(this IEndpointRouteBuilder routes, PorthorDeployment core)
    {
        LoginEndpoints.Map(routes);
        LogoutEndpoint.Map(routes);
        routes.MapLocalLogin(core);
    }
}
