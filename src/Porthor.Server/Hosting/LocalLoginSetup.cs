using Porthor.Secrets;
using Porthor.Server.Login;
using Porthor.Server.Login.Local;

namespace Porthor.Server.Hosting;

/// <summary>Registers the login with local accounts. Registers nothing if a login provider is configured.</summary>
internal static class LocalLoginSetup
{
    public static void AddLocalLogin(this IServiceCollection services, PorthorDeployment core)
    {
        if (!LocalAccounts.AreUsed(core.DataDirectory, core.Settings))
            return;
        services.AddSingleton<ILoginProvider, LocalLoginProvider>();
        services.AddSingleton(_ => new PasswordCheck(core.Metrics));
        services.AddSingleton(provider => new LocalLogin(
            new LocalAccounts(core.DataDirectory, core.Settings),
            new LoginThrottle(core.Clock),
            provider.GetRequiredService<PasswordCheck>(),
            new Fernet(core.SessionKeys, core.Clock)));
        services.AddSingleton<LocalLoginEndpoints>();
    }

    public static void MapLocalLogin(this IEndpointRouteBuilder routes, PorthorDeployment core)
    {
        if (LocalAccounts.AreUsed(core.DataDirectory, core.Settings))
            LocalLoginEndpoints.Map(routes);
    }
}
