using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;
using static Porthor.Server.Tests.OpenIdConnect.OpenIdSteps;

namespace Porthor.Server.Tests.OpenIdConnect;

/// <summary>Userinfo: which credentials it accepts, and its errors (contract/oidc-server.md 8, O17).</summary>
public sealed class UserInfoTests(OpenIdServers servers) : IClassFixture<OpenIdServers>
{
    private const string IdToken = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl";

    /// <summary>OID-023. A cookie is not a credential here.</summary>
    [Fact]
    public async Task Only_a_valid_bearer_token_is_accepted()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.AnnAsync();
        (await server.UserInfoAsync()).ShouldBeUnauthenticated();
        (await server.UserInfoAsync(browser.Cookie)).ShouldBeUnauthenticated();

        var lines = server.CountLines();
        (await server.UserInfoAsync(("Authorization", $"token {IdToken}"))).ShouldBeChallenged(
            403, 400, "invalid_request", "Unknown Authorization type token");
        var line = server.LinesSince(lines, "Invalid request").Single();
        line.GetProperty("severity").GetString().ShouldBe("info");
        line.TryGetProperty("token_source", out _).ShouldBeFalse();
        (await server.UserInfoAsync(TestServer.Basic(browser.Session.Reveal(), "x"))).ShouldBeChallenged(
            403, 400, "invalid_request", "Unknown Authorization type Basic");
        (await server.UserInfoAsync(("Authorization", $"bearer{IdToken}"))).ShouldBeChallenged(
            403, 400, "invalid_request", "Malformed Authorization header");

        lines = server.CountLines();
        (await server.UserInfoAsync(("Authorization", $"bearer XXX{IdToken}"))).ShouldBeChallenged(
            401, 401, "invalid_token", "Token does not start with gt-");
        server.LinesSince(lines, "Invalid token").Single().GetProperty("token_source").GetString().ShouldBe("bearer");
        (await server.UserInfoAsync(browser.Cookie, TestServer.Bearer(Token.Create()))).ShouldBeChallenged(
            401, 401, "invalid_token", "Token is not valid");
        (await server.UserInfoAsync(("Authorization", "Bearer gc-aj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw"))).ShouldBeChallenged(
            401, 401, "invalid_token", "Token does not start with gt-");
    }

    /// <summary>OID-023, OID-024: by the type of the token.</summary>
    [Fact]
    public async Task Only_access_tokens_and_internal_tokens_are_accepted()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.AnnAsync();
        var lines = server.CountLines();
        (await server.UserInfoAsync(TestServer.Bearer(browser.Session))).ShouldBeChallenged(
            401, 401, "invalid_token", "Token of type session not allowed");
        var line = server.LinesSince(lines, "Invalid token").Single();
        line.GetProperty("user").GetString().ShouldBe("ann");
        line.GetProperty("token").GetString().ShouldBe(browser.Key.Value);
        var caller = await server.Host.Tokens.CallerAsync(browser.Session);
        (await server.UserInfoAsync(TestServer.Bearer(await server.Host.Tokens.GetNotebookTokenAsync(caller)))).StatusCode.ShouldBe(401);
        var own = await server.CreateTokenAsync(browser, $"own-{Guid.NewGuid():N}");
        (await server.UserInfoAsync(TestServer.Bearer(own))).StatusCode.ShouldBe(401);

        var service = await server.Host.Tokens.GetInternalTokenAsync(caller, "some-service", ScopeSet.Empty);
        (await server.UserInfoAsync(TestServer.Bearer(service))).ShouldBe(
            200, """{"data_rights":"dp0.2 dp0.3","email":"ann@example.com","name":"Ann Example","preferred_username":"ann","sub":"ann"}""");
        (await server.SendAsync(HttpMethod.Post, UserInfoPath, json: null, TestServer.Bearer(service))).StatusCode.ShouldBe(405);
        (await server.SendAsync(HttpMethod.Head, UserInfoPath, json: null, TestServer.Bearer(service))).StatusCode.ShouldBe(200);
    }

    [Fact]
    public async Task An_expired_token_is_not_valid()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.AnnAsync();
        var access = await server.Host.Tokens.CreateOidcTokenAsync(await server.Host.Tokens.CallerAsync(browser.Session));
        (await server.UserInfoAsync(TestServer.Bearer(access))).StatusCode.ShouldBe(200);
        server.Clock.Advance(TimeSpan.FromDays(30) + TimeSpan.FromSeconds(1));
        (await server.UserInfoAsync(TestServer.Bearer(access))).ShouldBeChallenged(401, 401, "invalid_token", "Token is not valid");
    }

    /// <summary>Names and addresses that are not known are omitted.</summary>
    [Fact]
    public async Task Unknown_values_are_omitted()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.AnnAsync(new Identity.UserData());
        var caller = await server.Host.Tokens.CallerAsync(browser.Session);
        var service = await server.Host.Tokens.GetInternalTokenAsync(caller, "some-service", ScopeSet.Empty);
        (await server.UserInfoAsync(TestServer.Bearer(service))).ShouldBe(200, """{"preferred_username":"ann","sub":"ann"}""");
    }
}
