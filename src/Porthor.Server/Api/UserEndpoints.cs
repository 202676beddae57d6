using Porthor.Server.Api.Description;
using Porthor.Server.Http;
using Porthor.Sessions;
using Porthor.Tokens;
using Porthor.Users;
using Porthor.Values;

namespace Porthor.Server.Api;

/// <summary>Who the caller is, and what a page needs to know to act for them (contract/api.md 5.3, 5.8).</summary>
internal static class UserEndpoints
{
    public static void MapUsers(this IEndpointRouteBuilder api)
    {
        const string tag = "users";
        api.MapGet("/login", GetLogin)
            .WithMetadata(AccessPolicy.Session)
            .Described(tag, "getLogin", "What a page needs", "Gives a page of a signed-in person the CSRF value of the session, and the known scopes.")
            .Answers<LoginAnswer>().Refuses(401, 503);
        api.MapGet("/user-info", GetUserInfoAsync)
            .WithMetadata(AccessPolicy.AnyToken)
            .Described(tag, "getUserInfo", "Who the caller is", "What is known about the user of the token in use, with their quota.")
            .Answers<UserInfoAnswer>().Refuses(401, 500, 503);
    }

    /// <summary>Gives the page the CSRF value of its session, and makes one if it has none.</summary>
    private static IResult GetLogin(
        ApiRequest request, SessionCookie sessionCookie, TokenOptions options, ServerIdentity identity, ILogger<BrowserSession> logger)
    {
        var session = BrowserSession.Of(request.Context, sessionCookie, identity, logger);
        var csrf = session.State.Csrf ?? SessionCookie.CreateCsrf();
        session.State = session.State with { Csrf = csrf };
        request.Context.Response.Headers.CacheControl = "no-store";
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
