using Porthor.Server.Hosting;
using Porthor.Server.Login.Local;

namespace Porthor.Server.Login;

/// <summary>Login and logout, put together.</summary>
internal static class LoginSetup
{
    public static void AddLogin(this IServiceCollection services, PorthorCore core)
    {
        services.AddSingleton(new LoginErrorPage(core.Settings));
        services.AddSingleton<LoginCompletion>();
        services.AddSingleton<LoginEndpoints>();
        services.AddLocalLogin(core);
    }

    public static void MapLogin(this IEndpointRouteBuilder routes, PorthorCore core)
    {
        LoginEndpoints.Map(routes);
        routes.MapLocalLogin(core);
    }
}
