using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Ingress;

/// <summary>Delegated tokens (contract/ingress.md 6, 16). DEL-001 to DEL-008, DEL-011 to DEL-019.</summary>
public sealed class DelegationTests(IngressServers servers) : IClassFixture<IngressServers>
{
    /// <summary>DEL-001 to DEL-003.</summary>
    [Theory, EveryMode]
    public async Task A_notebook_token_has_all_scopes_of_its_user_and_differs_from_the_users_token(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("notebooks", "read:all,exec:notebook,user:token", TokenBuilders.SomeUser);
        var answer = await server.AuthorizeAsync("?scope=exec:notebook&notebook=true", TestServer.Bearer(browser.Session));
        answer.ShouldBeAllowed();
        var child = answer.Header("X-Auth-Request-Token")!;
        child.ShouldNotBe(browser.Session.Reveal());

        (string, string) asChild = ("Authorization", $"Bearer {child}");
        var session = await server.GetAsync("/token-info", TestServer.Bearer(browser.Session));
        (await server.GetAsync("/token-info", asChild)).Body.ShouldBe(
            $$"""
            {"username":"notebooks","token_type":"notebook","scopes":["exec:notebook","read:all","user:token"],"created":{{server.Now}},"expires":{{session.Json.GetProperty("expires")}},"token":"{{child[3..25]}}","parent":"{{browser.Key}}"}
            """);
        (await server.GetAsync("/user-info", asChild)).Body.ShouldBe(
            (await server.GetAsync("/user-info", TestServer.Bearer(browser.Session))).Body);
        (await server.AuthorizeAsync("?notebook=true", browser.Cookie)).Header("X-Auth-Request-Token").ShouldBe(child);
    }

    /// <summary>DEL-004 to DEL-008.</summary>
    [Theory, EveryMode]
    public async Task A_service_gets_the_requested_scopes_that_its_user_has(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("served", "read:some,read:all");
        var bearer = TestServer.Bearer(browser.Session);
        async Task<string> ChildAsync(string query) => (await server.AuthorizeAsync(query, bearer)).Header("X-Auth-Request-Token")!;
        async Task<Answer> InfoAsync(string token) => await server.GetAsync("/token-info", ("Authorization", $"Bearer {token}"));

        var child = await ChildAsync("?service=a-service&delegate_to=a-service&delegate_scope=read:some&delegate_scope=read:all");
        var info = (await InfoAsync(child)).Json;
        (info.GetProperty("token_type").GetString(), info.GetProperty("service").GetString(), info.GetProperty("scopes")
            .ToString(), info.GetProperty("parent").GetString())
            .ShouldBe(("internal", "a-service", """["read:all","read:some"]""", browser.Key.Value));
        var used = await server.AuthorizeAsync("?scope=read:all", ("Authorization", $"Bearer {child}"));
        (used.Header("X-Auth-Request-User"), used.Header("X-Auth-Request-Service")).ShouldBe(("served", "a-service"));
        (await ChildAsync("?delegate_to=a-service&delegate_scope=read:all&delegate_scope=read:some&delegate_scope=read:all"))
            .ShouldBe(child);

        (await InfoAsync(
            await ChildAsync(
                "?delegate_to=a-service&delegate_scope=exec:admin&delegate_scope=read:some"))).Json.GetProperty("scopes").ToString()
            .ShouldBe("""["read:some"]""");
        (await InfoAsync(await ChildAsync("?delegate_to=a-service&delegate_scope=exec:admin"))).Json.GetProperty("scopes").ToString()
            .ShouldBe("[]");
        // A scope that is no longer configured cannot be delegated, although the token has it.
        var odd = await server.LogInAsync("oddly-scoped", "bogus:scope");
        (await server.AuthorizeAsync("?delegate_to=a-service&delegate_scope=bogus:scope", TestServer.Bearer(odd.Session)))
            .ShouldBeError(422, "invalid_scopes",
                "Unknown scopes requested: bogus:scope. Known scopes: admin:oidc, admin:token, admin:userinfo, exec:admin, exec:notebook, "
                    + "exec:test, read:all, read:some, user:token",
                "body", "scopes");
    }

    /// <summary>DEL-014 to DEL-017.</summary>
    [Theory, EveryMode]
    public async Task A_rule_can_require_a_minimum_lifetime(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("lasting", "user:token");
        var hour = TestServer.Bearer(await server.CreateTokenAsync(browser, "an hour", expires: server.Now + 3600));
        var endless = TestServer.Bearer(await server.CreateTokenAsync(browser, "endless"));
        const long Maximum = (30 * 24 * 3600) - 300;

        (await server.AuthorizeAsync($"?notebook=true&minimum_lifetime={Maximum + 1}", endless)).ShouldBeError(
            422, "invalid_minimum_lifetime", $"Requested lifetime {Maximum + 1}s longer than maximum lifetime {Maximum}s", "query",
            "minimum_lifetime");
        (await server.AuthorizeAsync($"?minimum_lifetime={Maximum}", endless)).ShouldBeAllowed();
        // The lifetime is checked before the scopes.
        (await server.AuthorizeAsync($"?scope=exec:admin&minimum_lifetime={Maximum + 1}", endless)).StatusCode.ShouldBe(422);

        const string Short = """{"detail":{"msg":"Remaining token lifetime too short","type":"invalid_token"}}""";
        var refused = await server.AuthorizeAsync("?minimum_lifetime=4000", hour);
        refused.ShouldBe(401, Short);
        refused.Header("WWW-Authenticate").ShouldBe(
            "Bearer realm=\"example.com\", error=\"invalid_token\", error_description=\"Remaining token lifetime too short\"");
        (refused.Header("X-Error-Status"), refused.Header("Cache-Control")).ShouldBe((null, "no-cache, no-store"));
        (await server.AuthorizeAsync("?auth_type=basic&minimum_lifetime=4000", hour)).Header("WWW-Authenticate")
            .ShouldBe("Basic realm=\"example.com\"");
        (await server.AuthorizeAsync("?minimum_lifetime=4000", hour, ("X-Requested-With", "XMLHttpRequest"))).ShouldBe(403, Short);
        (await server.AuthorizeAsync("?minimum_lifetime=3000", hour)).ShouldBeAllowed();
        (await server.AuthorizeAsync("?minimum_lifetime=3600", hour)).ShouldBeAllowed();

        // A child lasts at least five minutes and not longer than its parent.
        var child = (await server.AuthorizeAsync("?delegate_to=tap&minimum_lifetime=3600", hour)).Header("X-Auth-Request-Token");
        (await server.GetAsync("/token-info", ("Authorization", $"Bearer {child}"))).Json.GetProperty("expires").GetInt64()
            .ShouldBe(server.Now + 3600);
        // DEL-017: one minute is left, which is sufficient for the token itself.
        await using var later = await TestServer.StartAsync(
            server.Host.Deployment, clock: new ManualClock(server.Clock.GetUtcNow().AddSeconds(3540)));
        Task<Answer> AuthorizeLaterAsync(string query) => later.GetAsync(
            "/ingress/auth" + query, ("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"), hour);
        (await AuthorizeLaterAsync("")).ShouldBeAllowed();
        (await AuthorizeLaterAsync("?notebook=true")).ShouldBe(401, Short);
        (await AuthorizeLaterAsync("?delegate_to=tap")).ShouldBe(401, Short);
    }

    /// <summary>DEL-018, DEL-019.</summary>
    [Theory, EveryMode]
    public async Task A_hundred_concurrent_requests_create_one_child(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("crowd", "read:all,exec:notebook,user:token");
        foreach (var query in (string[])["?notebook=true", "?delegate_to=tap&delegate_scope=read:all", "?delegate_to=tap"])
        {
            var answers = await Task.WhenAll(
                Enumerable.Range(0, 100).Select(_ => server.AuthorizeAsync(query, TestServer.Bearer(browser.Session))));
            answers.ShouldAllBe(answer => answer.StatusCode == 200);
            answers.Select(answer => answer.Header("X-Auth-Request-Token")).Distinct().Count().ShouldBe(1, query);
        }
        var children = (await server.Host.Tokens.ListTokensAsync(await server.Host.Tokens.CallerAsync(browser.Session), "crowd"))
            .Where(token => token.TokenType is TokenType.Internal or TokenType.Notebook);
        children.Count().ShouldBe(3);
    }

    [Theory, EveryMode]
    public async Task A_child_has_the_requested_scopes_that_the_parent_has(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("parental", "read:all,exec:notebook");
        var answer = await server.AuthorizeAsync(
            "?delegate_to=tap&delegate_scope=read:all&delegate_scope=admin:token", TestServer.Bearer(browser.Session));
        var child = await server.GetAsync("/token-info", ("Authorization", $"Bearer {answer.Header("X-Auth-Request-Token")}"));
        child.Json.GetProperty("scopes").ToString().ShouldBe("""["read:all"]""");
        child.Json.GetProperty("service").GetString().ShouldBe("tap");
        child.Json.GetProperty("parent").GetString().ShouldBe(browser.Key.Value);
    }

    [Theory, EveryMode]
    public async Task A_token_that_expires_soon_gets_no_children(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("mayfly", "user:token");
        var token = TestServer.Bearer(await server.CreateTokenAsync(browser, "short", expires: server.Now + 400));
        (await server.AuthorizeAsync("?notebook=true", token)).ShouldBeAllowed();
        var refused = await server.AuthorizeAsync("?minimum_lifetime=401", token, ("X-Requested-With", "XMLHttpRequest"));
        refused.Body.ShouldBe("""{"detail":{"msg":"Remaining token lifetime too short","type":"invalid_token"}}""");
        refused.StatusCode.ShouldBe(403);
        (await server.AuthorizeAsync("?notebook=true&minimum_lifetime=1e300", token)).Body.ShouldContain("invalid_minimum_lifetime");
        foreach (var value in (string[])["299", "-1", "nan", "inf", "long", "", "%00"])
            (await server.AuthorizeAsync($"?minimum_lifetime={value}", token)).StatusCode.ShouldBe(422, value);
    }

    /// <summary>A record can contain a service name of 64 characters. With a longer name the token could not be read.</summary>
    [Theory, EveryMode]
    public async Task The_length_of_a_service_name_is_limited(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("verbose", "read:all,user:token");
        var bearer = TestServer.Bearer(browser.Session);
        var longest = new string('s', 64);
        var child = (await server.AuthorizeAsync($"?delegate_to={longest}", bearer)).Header("X-Auth-Request-Token");
        (await server.GetAsync("/token-info", ("Authorization", $"Bearer {child}"))).Json.GetProperty("service").GetString()
            .ShouldBe(longest);

        (await server.AuthorizeAsync($"?delegate_to={longest}s", bearer)).ShouldBeInvalid(AnswerAssertions.Error(
            "string_too_long", "\"query\",\"delegate_to\"", "String should have at most 64 characters", $"\"{longest}s\"",
            """{"max_length":64}"""));
        foreach (var name in (string[])["service", "delegate_to"])
        {
            var answer = await server.AuthorizeAsync($"?{name}=a%00b", bearer);
            answer.StatusCode.ShouldBe(422, answer.Body);
            answer.DetailLocation.ShouldBe($"query.{name}");
        }
        // No token was created, and no usage event is buffered that could not be stored.
        (await server.Host.Tokens.ListTokensAsync(await server.Host.Tokens.CallerAsync(browser.Session), "verbose")).Count.ShouldBe(2);
    }
}
