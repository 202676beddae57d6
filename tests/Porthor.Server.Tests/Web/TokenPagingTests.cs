using Microsoft.Extensions.DependencyInjection;
using Porthor.Server.Tests.Api;
using Porthor.Server.Web;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Web;

/// <summary>A page shows a limited number of tokens, with links to the others.</summary>
public sealed class TokenPagingTests(ApiServers servers) : IClassFixture<ApiServers>
{
    [Theory, EveryMode]
    public async Task All_tokens_are_reachable_page_by_page(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("many");
        List<string> keys = [];
        for (var number = 0; number < 120; number++)
        {
            // Several tokens of the same second, which are ordered by key.
            if (number % 7 == 0)
                server.Clock.Advance(TimeSpan.FromSeconds(1));
            keys.Add((await server.Host.Tokens.CreateTokenFromAdminRequestAsync(
                new AdminTokenRequest { Username = "many", TokenType = TokenType.User, TokenName = $"token {number}" },
                TokenBuilders.Administrator(server.Clock))).Key.Value);
        }
        var admin = await server.LogInAsync("many-boss", "admin:token");
        foreach (var (visitor, start) in ((Browser, string)[])[(browser, PageClient.Tokens), (admin, "/auth/tokens/search?username=many")])
        {
            List<string> found = [];
            var address = start;
            for (var pages = 1; ; pages++)
            {
                var page = await server.OpenAsync(visitor, address);
                page.StatusCode.ShouldBe(200);
                page.TextOf("#made .count").ShouldBe("120");
                var shown = page.Document.QuerySelectorAll("table[aria-labelledby=made] code.key").Select(key => key.TextContent).ToList();
                shown.Count.ShouldBeLessThanOrEqualTo(50);
                found.AddRange(shown);
                (page.Link("Newest") is null).ShouldBe(pages == 1);
                if (page.Link("Older") is not { } older)
                {
                    pages.ShouldBe(3);
                    break;
                }
                // The other sections do not change.
                page.Document.QuerySelectorAll("table[aria-labelledby=sessions] code.key").Length.ShouldBe(1);
                address = older.Split('#')[0];
            }
            found.ShouldBe(keys, ignoreOrder: true);
            found.ShouldBeUnique();
        }
        // The API lists all tokens in the usual order.
        var listed = (await server.GetAsync("/users/many/tokens", browser.Cookie)).Json.EnumerateArray()
            .Select(token => token.GetProperty("token").GetString()!).ToList();
        listed.ShouldBe(
            (await server.Host.Tokens.ListTokensAsync(TokenBuilders.Administrator(server.Clock), "many"))
                .Select(token => token.Token.Value));
        foreach (var wrong in (string[])["x", "1_", "-1_aj792KhFp_aHRBajMaGVPQ", "99999999999999999999_aj792KhFp_aHRBajMaGVPQ",
            "9223372036854775807_aj792KhFp_aHRBajMaGVPQ", "1_short"])
            (await server.OpenAsync(browser, $"{PageClient.Tokens}?made={wrong}")).StatusCode.ShouldBe(422, wrong);
    }

    /// <summary>The list is longer than a batch of the API's list.</summary>
    [Theory, EveryMode]
    public async Task A_long_list_is_complete(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("long-list");
        var now = server.Clock.GetSecondsNow();
        await server.Host.Core.CreateManyAsync("long-list", 1203, now);
        var answer = await server.GetAsync("/users/long-list/tokens", browser.Cookie);
        answer.StatusCode.ShouldBe(200);
        answer.Header("X-Content-Type-Options").ShouldBe("nosniff");
        var listed = answer.Json.EnumerateArray().Select(token => token.GetProperty("token").GetString()!).ToList();
        listed.Count.ShouldBe(1204);
        listed.ShouldBe(
            (await server.Host.Tokens.ListTokensAsync(TokenBuilders.Administrator(server.Clock), "long-list"))
                .Select(token => token.Token.Value));
    }

    /// <summary>While page requests wait for each other, forward authentication does not wait.</summary>
    [Fact]
    public async Task Too_many_concurrent_page_requests_are_rejected()
    {
        await using var server = await ApiServer.StartAsync(Mode.Embedded);
        var browser = await server.LogInAsync("patient");
        (await server.OpenAsync(browser, PageClient.Tokens)).StatusCode.ShouldBe(200);
        var rendering = server.Host.Services.GetRequiredService<PageRendering>();
        List<IDisposable> held = [];
        try
        {
            List<Task<System.Threading.RateLimiting.RateLimitLease>> waiting = [];
            for (var i = 0; i < Environment.ProcessorCount + PageRendering.QueueLength; i++)
            {
                var entering = rendering.EnterAsync(TestContext.Current.CancellationToken).AsTask();
                waiting.Add(entering);
                if (entering.IsCompleted)
                    held.Add(await entering);
            }
            var refused = await server.SendAsync(HttpMethod.Get, PageClient.Tokens, json: null, browser.Cookie);
            refused.StatusCode.ShouldBe(503);
            refused.Header("Retry-After").ShouldBe("2");
            refused.Header("Content-Type").ShouldBe("text/html; charset=utf-8");
            refused.Header("Cache-Control").ShouldBe("no-cache, no-store");
            refused.Body.ShouldContain("Try again in a few seconds");
            (await server.SendAsync(
                HttpMethod.Get, "/ingress/auth?scope=user:token", json: null, TestServer.Bearer(browser.Session),
                ("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"))).StatusCode.ShouldBe(200);
            (await server.GetAsync("/users/patient/tokens", browser.Cookie)).StatusCode.ShouldBe(200);
            held.ForEach(lease => lease.Dispose());
            held.Clear();
            foreach (var entering in waiting)
                (await entering).Dispose();
        }
        finally
        {
            held.ForEach(lease => lease.Dispose());
        }
        (await server.OpenAsync(browser, PageClient.Tokens)).StatusCode.ShouldBe(200);
    }
}
