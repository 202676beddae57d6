using Porthor.Server.Api.Description;
using Porthor.Server.Api.Description.Models;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Sessions;
using Porthor.Tokens;
using Porthor.Users;
using Porthor.Values;

namespace Porthor.Server.Api;

/// <summary>Maps the routes for information about the caller, and for the data that pages need (contract/api.md 5.3, 5.8).</summary>
internal static class UserEndpoints
{
    public static void MapUsers(this IEndpointRouteBuilder api)
    {
        const string tag = "users";
        api.MapGet(ApiRoutes.Login, GetLogin)
            .WithMetadata(AccessPolicy.Session)
            .Described(
                tag, "getLogin", "Get the data for a page",
                "Returns the CSRF value of the session and the known scopes, for a page of the signed-in user.")
            .Answers<LoginAnswer>().Refuses(401, 503);
        api.MapGet(ApiRoutes.UserInfo, GetUserInfoAsync)
            .WithMetadata(AccessPolicy.AnyToken)
            .Described(tag, "getUserInfo",
                "Get information about the caller",
                "Returns information about the user of the token, with the quota.")
            .Answers<UserInfoAnswer>().Refuses(401, 500, 503);
    }

    /// <summary>Returns the CSRF value of the session. Creates one if the session has none.</summary>
    private static IResult GetLogin(
        ApiRequest request, SessionCookie sessionCookie, TokenOptions options, ServerIdentity identity, ILogger<BrowserSession> logger)
    {
        var session = BrowserSession.Of(request.Context, sessionCookie, identity, logger);
        var csrf = session.State.Csrf ?? SessionCookie.CreateCsrf();
        session.State = session.State with { Csrf = csrf };
        request.Context.Response.Headers.CacheControl = CacheControl.NoStore;
        return ApiJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("csrf", csrf);
            writer.WriteString("username", request.Caller.Username);
            TokenJson.WriteScopes(writer, "scopes", request.Caller.Scopes);
            writer.WriteStartObject("config");
            writer.WriteStartArray("scopes");
            foreach (var (name, description) in options.KnownScopes.OrderBy(scope => scope.Key, CodePointOrder.Instance))
            {
                writer.WriteStartObject();
                writer.WriteString("name", name);
                writer.WriteString("description", description);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private static async Task<IResult> GetUserInfoAsync(ApiRequest request, UserInfoService users)
    {
        var user = await users.GetAsync(request.Caller.Record, request.Aborted);
        return ApiJson.Write(writer => TokenJson.Write(writer, user));
    }
}
