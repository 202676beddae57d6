using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

/// <summary>
/// The decision for each token and rule, and the responses to denied requests (contract/ingress.md 3 to 5, 14, 16). ING-001 to ING-034.
/// </summary>
public sealed partial class AuthorizationTests(IngressServers servers) : IClassFixture<IngressServers>
{
    /// <summary>ING-010 to ING-013, ING-017.</summary>
    [Theory, EveryMode]
    public async Task Scopes_are_checked_with_all_or_any(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("scoped", "user:token,read:all");
        var bearer = TestServer.Bearer(browser.Session);

        (await server.AuthorizeAsync("", bearer)).ShouldBeAllowed();
        (await server.AuthorizeAsync("?scope=read:all&scope=user:token", bearer)).ShouldBeAllowed();
        (await server.AuthorizeAsync("?scope=read:all&scope=admin:token&satisfy=any", bearer)).ShouldBeAllowed();

        var refused = await server.AuthorizeAsync("?scope=read:all&scope=admin:token", bearer);
        refused.ShouldBeError(403, 403, "insufficient_scope", "Token missing required scope");
        refused.Header("WWW-Authenticate").ShouldBe(
            "Bearer realm=\"example.com\", error=\"insufficient_scope\", error_description=\"Token missing required scope\", "
                + "scope=\"admin:token read:all\"");
        // No token matches "any" without scopes, or the scope with the empty name.
        (await server.AuthorizeAsync("?satisfy=any", bearer)).StatusCode.ShouldBe(403);
        (await server.AuthorizeAsync("?scope=", bearer)).StatusCode.ShouldBe(403);
    }

    /// <summary>TOK-029.</summary>
    [Theory, EveryMode]
    public async Task Scopes_changed_by_an_administrator_apply_from_the_next_request_on(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var admin = TestServer.Bearer((await server.LogInAsync("widener", "admin:token")).Session);
        var token = await server.CreateTokenAsync(await server.LogInAsync("widened", "user:token,read:all"), "narrow");
        var path = $"/users/widened/tokens/{token.Key}";
        var bearer = TestServer.Bearer(token);

        (await server.AuthorizeAsync("?scope=read:all", bearer))
            .ShouldBeError(403, 403, "insufficient_scope", "Token missing required scope");
        (await server.PatchAsync(path, new { scopes = (string[])["read:all"] }, admin)).StatusCode.ShouldBe(200);
        (await server.GetAsync("/token-info", bearer)).Json.GetProperty("scopes").ToString().ShouldBe("""["read:all"]""");
        (await server.AuthorizeAsync("?scope=read:all", bearer)).ShouldBeAllowed();
        (await server.PatchAsync(path, new { scopes = (string[])[] }, admin)).StatusCode.ShouldBe(200);
        (await server.AuthorizeAsync("?scope=read:all", bearer))
            .ShouldBeError(403, 403, "insufficient_scope", "Token missing required scope");
    }

    [Theory, EveryMode]
    public async Task The_answer_and_the_log_line_name_the_user(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        // ING-016: the full name is in no header, and the email address is in a header without encoding.
        var user = TokenBuilders.SomeUser with { Name = "\u7528\u6237", Email = "m\u00e9@example.com" };
        var browser = await server.LogInAsync("told", "read:all", user);
        var answer = await server.AuthorizeAsync("?scope=read:all&service=free", TestServer.Bearer(browser.Session));

        answer.ShouldBeAllowed();
        answer.Header("X-Auth-Request-User").ShouldBe("told");
        answer.Header("X-Auth-Request-Email").ShouldBe("m\u00e9@example.com");
        answer.Header("X-Auth-Request-Service").ShouldBeNull();
        answer.Header("X-Auth-Request-Token").ShouldBeNull();
        answer.Header("Authorization").ShouldBeNull();
        answer.Header("X-RateLimit-Limit").ShouldBeNull();

        var line = server.Host.Logs.Lines.Single(
            line => line.GetProperty("event").GetString() == "Token authorized" && line.GetProperty("user").GetString() == "told");
        line.GetProperty("token").GetString().ShouldBe(browser.Key.Value);
        line.GetProperty("token_source").GetString().ShouldBe("bearer");
        line.GetProperty("auth_uri").GetString().ShouldBe("https://example.com/some/page");
        line.GetProperty("required_scopes").ToString().ShouldBe("""["read:all"]""");
        line.GetProperty("satisfy").GetString().ShouldBe("all");
        line.GetProperty("service").GetString().ShouldBe("free");
    }

    /// <summary>ING-027 to ING-030.</summary>
    [Theory, EveryMode]
    public async Task A_location_can_be_for_one_user_or_one_service(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("alone", "read:all");
        var bearer = TestServer.Bearer(browser.Session);
        (await server.AuthorizeAsync("?username=alone", bearer)).ShouldBeAllowed();
        (await server.AuthorizeAsync("?username=", bearer)).ShouldBeAllowed();
        (await server.AuthorizeAsync("?username=other", bearer))
            .ShouldBeError(403, 403, "insufficient_scope", "Access not allowed for this user");

        (await server.AuthorizeAsync("?only_service=tap", bearer)).StatusCode.ShouldBe(403);
        var inner = (await server.AuthorizeAsync("?delegate_to=tap", bearer)).Header("X-Auth-Request-Token")!;
        var passed = await server.AuthorizeAsync("?only_service=vo-cutouts&only_service=tap", ("Authorization", $"Bearer {inner}"));
        passed.ShouldBeAllowed();
        passed.Header("X-Auth-Request-Service").ShouldBe("tap");
        (await server.AuthorizeAsync("?only_service=vo-cutouts", ("Authorization", $"Bearer {inner}"))).StatusCode.ShouldBe(403);
    }

    /// <summary>DEL-009, DEL-010.</summary>
    [Theory, EveryMode]
    public async Task Contradictory_parameters_are_reported_before_authentication(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        (await server.AuthorizeAsync("?notebook=true&delegate_to=tap")).Body.ShouldBe(
            """{"detail":[{"msg":"delegate_to cannot be set for notebook tokens","type":"invalid_delegate_to","loc":"""
                + """["query","delegate_to"]}]}""");
        var options = await server.AuthorizeAsync("?service=a&delegate_to=b", "https://example.com/", "OPTIONS");
        options.StatusCode.ShouldBe(422);
        options.Header("X-Error-Status").ShouldBeNull();
    }
}
