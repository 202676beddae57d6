namespace Porthor.Server.OpenIdConnect;

/// <summary>Maps all routes of the OpenID Connect provider. They exist also if it is not configured, and then answer 404.</summary>
internal static class OpenIdEndpoints
{
    public static readonly PorthorError NotConfigured = PorthorError.NotConfigured("OpenID Connect server not configured");

    /// <param name="api">The routes of the API.</param>
    public static void MapOpenIdConnect(this IEndpointRouteBuilder routes, IEndpointRouteBuilder api)
    {
        MetadataEndpoints.Map(routes);
        AuthorizationEndpoint.Map(routes);
        TokenEndpoint.Map(routes);
        UserInfoEndpoint.Map(routes);
        ClientEndpoints.Map(api);
    }
}
