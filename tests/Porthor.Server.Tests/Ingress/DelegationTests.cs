using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Ingress;

/// <summary>Children that go on in the user's stead (contract/ingress.md 6, 16).</summary>
public sealed class DelegationTests(IngressServers servers) : IClassFixture<IngressServers>
{
    [Theory, EveryMode]
    public async Task A_hundred_questions_at_once_make_one_child(Mode mode)
    {
        var server = await servers.InAsync(mode);
        var browser = await server.LogInAsync("crowd", "read:all,exec:notebook,user:token");
        foreach (var query in (string[])["?notebook=true", "?delegate_to=tap&delegate_scope=read:all", "?delegate_to=tap"])
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => server.AskAsync(query, TestServer.Bearer(browser.Session))));
            answers.ShouldAllBe(answer => answer.StatusCode == 200);
            answers.Select(answer => answer.Header("X-Auth-Request-Token")).Distinct().Count().ShouldBe(1, query);
        }
        var children = (await server.Host.Tokens.ListTokensAsync(await server.Host.Tokens.CallerAsync(browser.Session), "crowd"))
            .Where(token => token.TokenType is TokenType.Internal or TokenType.Notebook);
        children.Count().ShouldBe(3);
    }

    [Theory, EveryMode]
    public async Task A_child_has_what_was_asked_and_the_parent_holds(Mode mode)
    {
        var server = await servers.InAsync(mode);
        var browser = await server.LogInAsync("parental", "read:all,exec:notebook");
        var answer = await server.AskAsync(
            "?delegate_to=tap&delegate_scope=read:all&delegate_scope=admin:token", TestServer.Bearer(browser.Session));
        var child = await server.GetAsync("/token-info", ("Authorization", $"Bearer {answer.Header("X-Auth-Request-Token")}"));
        child.Json.GetProperty("scopes").ToString().ShouldBe("""["read:all"]""");
        child.Json.GetProperty("service").GetString().ShouldBe("tap");
        child.Json.GetProperty("parent").GetString().ShouldBe(browser.Key.Value);
    }

    [Theory, EveryMode]
    public async Task A_token_that_ends_soon_has_no_children(Mode mode)
    {
        var server = await servers.InAsync(mode);
        var browser = await server.LogInAsync("mayfly", "user:token");
        var token = TestServer.Bearer(await server.MakeTokenAsync(browser, "short", expires: server.Now + 400));
        (await server.AskAsync("?notebook=true", token)).ShouldPass();
        var refused = await server.AskAsync("?minimum_lifetime=401", token, ("X-Requested-With", "XMLHttpRequest"));
        refused.Body.ShouldBe("""{"detail":{"msg":"Remaining token lifetime too short","type":"invalid_token"}}""");
        refused.StatusCode.ShouldBe(403);
        (await server.AskAsync("?notebook=true&minimum_lifetime=1e300", token)).Body.ShouldContain("invalid_minimum_lifetime");
        foreach (var value in (string[])["299", "-1", "nan", "inf", "long", "", "%00"])
            (await server.AskAsync($"?minimum_lifetime={value}", token)).StatusCode.ShouldBe(422, value);
    }
}
