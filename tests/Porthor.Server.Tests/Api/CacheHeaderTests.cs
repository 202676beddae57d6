using Porthor.Server.Tests.OpenIdConnect;
using Porthor.Testing;
using static Porthor.Server.Tests.OpenIdConnect.OpenIdSteps;

namespace Porthor.Server.Tests.Api;

/// <summary>A response with a secret must not be cached (RFC 9111 5.2.2.5), and JSON must not be interpreted as another type.</summary>
public sealed class CacheHeaderTests(OpenIdServers servers) : IClassFixture<OpenIdServers>
{
    [Theory, EveryMode]
    public async Task Responses_with_secrets_are_not_stored(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("secretive");
        foreach (var answer in (Answer[])[
            await server.PostAsync("/users/secretive/tokens", new { token_name = "a" }, browser.WriteHeaders),
            await server.PostAsync("/users/secretive/tokens", new { token_name = "b" }, TestServer.Bearer(browser.Session)),
            await server.PostAsync("/tokens", new { username = "somebody", token_type = "user", token_name = "a" }, server.Bootstrap),
            await server.PostAsync("/tokens", new { username = "bot-somebody", token_type = "service" }, server.Bootstrap),
            await server.GetAsync("/login", browser.Cookie)])
        {
            answer.StatusCode.ShouldBeInRange(200, 201);
            answer.Header("Cache-Control").ShouldBe("no-store");
        }
    }

    /// <summary>The tokens and the claims of a user, and the secret of a client.</summary>
    [Fact]
    public async Task OpenID_Connect_responses_with_secrets_are_not_stored()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var registered = await server.PostAsync(
            "/oidc-clients", new { return_uri = App, description = "An application" }, server.Bootstrap);
        (registered.StatusCode, registered.Header("Cache-Control")).ShouldBe((201, "no-store"));
        registered.Header("X-Content-Type-Options").ShouldBe("nosniff");

        var client = await server.RegisterAsync();
        var redeemed = await server.RedeemAsync(FormOf(client, await server.CodeAsync(await server.AnnAsync(), client)));
        (redeemed.StatusCode, redeemed.Header("Cache-Control")).ShouldBe((200, "no-store"));
        redeemed.Header("X-Content-Type-Options").ShouldBe("nosniff");
        var token = Tokens.Token.Parse(redeemed.Json.GetProperty("access_token").GetString()!);
        var claims = await server.UserInfoAsync(TestServer.Bearer(token));
        claims.StatusCode.ShouldBe(200, claims.Body);
        claims.Header("X-Content-Type-Options").ShouldBe("nosniff");
        // Errors of the token endpoint are JSON too.
        var refused = await server.RedeemAsync([]);
        refused.StatusCode.ShouldBe(400);
        refused.Header("X-Content-Type-Options").ShouldBe("nosniff");
    }

    [Fact]
    public async Task Every_JSON_response_has_the_content_type_of_JSON()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("jason", "admin:token,user:token");
        var token = await server.CreateTokenAsync(browser, "listed");
        foreach (var path in (string[])[
            "/", "/health", "/health/live", "/health/ready", "/auth/openapi.json", "/nowhere", "/auth/api/v1/login",
            "/auth/api/v1/token-info",
            "/auth/api/v1/user-info", "/auth/api/v1/users/jason/tokens", $"/auth/api/v1/users/jason/tokens/{token.Key}",
            $"/auth/api/v1/users/jason/tokens/{token.Key}/change-history", "/auth/api/v1/users/jason/token-change-history",
            "/auth/api/v1/history/token-changes?limit=1", "/auth/api/v1/quota-overrides", "/auth/api/v1/users",
            "/auth/api/v1/users/jason/tokens/short",
            "/ingress/auth"])
        {
            foreach (var headers in ((string, string)[][])[[], [browser.Cookie]])
            {
                var answer = await server.SendAsync(HttpMethod.Get, path, json: null, headers);
                answer.Header("Content-Type")!.ShouldStartWith("application/json", Case.Sensitive, path);
                answer.Header("X-Content-Type-Options").ShouldBe("nosniff", path);
            }
        }
        var client = await server.RegisterAsync();
        foreach (var path in (string[])[
            "/.well-known/openid-configuration", "/.well-known/jwks.json", UserInfoPath, "/auth/api/v1/oidc-clients",
            $"/auth/api/v1/oidc-clients/{client.Id}", "/auth/api/v1/oidc-clients/missing"])
        {
            foreach (var headers in ((string, string)[][])[[], [server.Bootstrap]])
            {
                var answer = await server.SendAsync(HttpMethod.Get, path, json: null, headers);
                answer.Header("Content-Type")!.ShouldStartWith("application/json", Case.Sensitive, path);
                answer.Header("X-Content-Type-Options").ShouldBe("nosniff", path);
            }
        }
        (await server.PostAsync("/users/jason/tokens", "{", browser.WriteHeaders)).Header("X-Content-Type-Options").ShouldBe("nosniff");
    }
}
