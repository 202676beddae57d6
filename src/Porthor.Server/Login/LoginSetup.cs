using Porthor.Server.Hosting;

namespace Porthor.Server.Login;

/// <summary>Login and logout, put together.</summary>
internal static class LoginSetup
{
    public static void AddLogin(this IServiceCollection services, PorthorCore core)
    {
        services.AddSingleton(new LoginErrorPage(core.Settings));
        services.AddSingleton<LoginCompletion>();
        services.AddSingleton<LoginEndpoints>();
    }

    public static void MapLogin(this IEndpointRouteBuilder routes) => LoginEndpoints.Map(routes);
}
