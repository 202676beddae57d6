using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Ingress;

/// <summary>Delegated tokens (contract/ingress.md 6, 16). DEL-001 to DEL-008, DEL-011 to DEL-019.</summary>
public sealed partial class DelegationTests(IngressServers servers) : IClassFixture<IngressServers>
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
            {"username":"notebooks","token_type":"notebook","scopes":["exec:notebook","read:all","user:token"],
            "created":{{server.Now}},"expires":{{session.Json.GetProperty("expires")}},"token":"{{child[3..25]}}",
            "parent":"{{browser.Key}}"}
            """.ReplaceLineEndings(""));
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
}
