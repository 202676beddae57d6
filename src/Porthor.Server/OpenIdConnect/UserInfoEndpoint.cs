using Porthor.OpenIdConnect;
using Porthor.Server.Api;
using Porthor.Server.Api.Description;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Tokens;

namespace Porthor.Server.OpenIdConnect;

/// <summary>Handles <c>GET /auth/openid/userinfo</c>: the claims about the user of an access token (contract/oidc-server.md 8).</summary>
internal sealed class UserInfoEndpoint(Authenticator authenticator, OpenIdProvider? provider = null)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet(Routes.OpenIdUserInfo, (ApiRequest request, UserInfoEndpoint endpoint) => endpoint.HandleAsync(request))
            .WithMetadata(AccessPolicy.BearerToken, OAuthRoute.Mark)
            .Described(
                "OpenID Connect", "getClaims", "Get the claims about a user",
                "Returns the claims about the user of an access token of OpenID Connect, or of an internal token.")
            .Answers<ClaimsAnswer>().Refuses(401, 403, 404)
            .Produces<OAuthErrorAnswer>(StatusCodes.Status503ServiceUnavailable, "application/json");

    private async Task<IResult> HandleAsync(ApiRequest request)
    {
        var record = request.Caller.Record;
        if (record.TokenType is not (TokenType.Oidc or TokenType.Internal))
            throw authenticator.Refuse($"Token of type {record.TokenType.ToText()} not allowed").ToException();
        if (provider is null)
            throw OpenIdEndpoints.NotConfigured.ToException();
        var claims = await provider.GetClaimsAsync(record, request.Aborted);
        return ApiJson.Write(writer =>
        {
            writer.WriteStartObject();
            foreach (var (name, value) in claims)
                writer.WriteString(name, value);
            writer.WriteEndObject();
        });
    }
}
