using Porthor.OpenIdConnect;
using Porthor.Secrets;
using Porthor.Server.Alerts;
using Porthor.Server.OpenIdConnect;

namespace Porthor.Server.Hosting;

/// <summary>
/// Registers the OpenID Connect provider. If it is not configured, only the endpoints are registered, which then answer 404.
/// </summary>
internal static class OpenIdSetup
{
    public static void AddOpenIdConnect(this IServiceCollection services, PorthorDeployment core)
    {
        services.AddSingleton<MetadataEndpoints>();
        services.AddSingleton<AuthorizationEndpoint>();
        services.AddSingleton<TokenEndpoint>();
        services.AddSingleton<UserInfoEndpoint>();
        services.AddSingleton<ClientEndpoints>();
        if (core.Settings.OidcServer is not { Issuer: { } issuer } settings)
            return;
        services.AddSingleton(new OpenIdOptions
        {
            Issuer = issuer.AbsoluteUri,
            ClientSuffix = settings.ClientSuffix,
            Lifetime = core.Settings.Tokens.Lifetime,
            DataRights = settings.DataRightsMapping,
        });
        services.AddSingleton(core.Sql.OidcClients);
        services.AddSingleton(_ => new SigningKey(settings.Key, settings.KeyId));
        services.AddSingleton(new ClientSecrets(core.Clock));
        services.AddSingleton<ClientRegistry>();
        services.AddSingleton(new AuthorizationCodeStore(core.AuthorizationCodes, new Fernet(core.SessionKeys, core.Clock), core.Clock));
        services.AddSingleton(provider => new OpenIdProvider(
            provider.GetRequiredService<OpenIdOptions>(),
            provider.GetRequiredService<SigningKey>(),
            core.Sql.OidcClients,
            provider.GetRequiredService<ClientSecrets>(),
            provider.GetRequiredService<AuthorizationCodeStore>(),
            core.Tokens,
            core.Users,
            core.Clock,
            core.Loggers.CreateLogger<OpenIdProvider>())
        {
            Damaged = e => core.Alerts.Raise(Alert.Of(e)),
        });
    }
}
