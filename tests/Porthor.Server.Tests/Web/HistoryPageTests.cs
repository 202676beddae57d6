using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Web;

/// <summary>The history pages: paging, the history of a token, and the history of all users for administrators.</summary>
public sealed class HistoryPageTests(ApiServers servers) : IClassFixture<ApiServers>
{
    [Theory, EveryMode]
    public async Task History_pages_link_in_both_directions(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("walker");
        (await server.OpenAsync(browser, "/auth/tokens/history")).TextOf(".paging p").ShouldBe("1 change");
        for (var i = 0; i < 119; i++)
            await server.CreateTokenAsync(browser, $"token {i}");

        List<IReadOnlyList<string>> pages = [];
        List<string> addresses = [];
        for (string? next = "/auth/tokens/history"; next is not null;)
        {
            var page = await server.OpenAsync(browser, next);
            addresses.Add(next);
            pages.Add(page.TextsOf("tbody .key"));
            page.TextOf(".paging p").ShouldBe($"120 changes, {pages[^1].Count} on this page");
            page.Link("Newest").ShouldBe(pages.Count == 1 ? null : "/auth/tokens/history");
            next = page.Link("Older");
        }
        pages.Select(page => page.Count).ShouldBe([50, 50, 20]);
        pages.SelectMany(page => page).ShouldBeUnique();
        (await server.OpenAsync(browser, addresses[0])).Link("Newer").ShouldBeNull();
        for (var i = pages.Count - 1; i > 0; i--)
        {
            var back = (await server.OpenAsync(browser, addresses[i])).Link("Newer")!;
            (await server.OpenAsync(browser, back)).TextsOf("tbody .key").ShouldBe(pages[i - 1]);
        }
        // Invalid cursors.
        foreach (var cursor in (string[])["x", "1_", "999999999999999999999_1", "1_99999999999"])
            (await server.OpenAsync(browser, $"/auth/tokens/history?cursor={cursor}")).StatusCode.ShouldBe(422, cursor);
    }

    [Theory, EveryMode]
    public async Task Edits_show_the_old_values(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("edited", "user:token,read:all");
        var token = await server.CreateTokenAsync(browser, "old", "read:all", server.Now + 7200);
        var path = $"/users/edited/tokens/{token.Key}";
        var admin = await server.LogInAsync("editor", "admin:token");
        (await server.PatchAsync(
            path, new { token_name = "new", scopes = Array.Empty<string>(), expires = server.Now + 3600 },
            admin.WriteHeaders)).StatusCode.ShouldBe(200);

        var page = await server.OpenAsync(browser, $"/auth/tokens/history?key={token.Key}");
        page.Title.ShouldBe("History of a token");
        page.TextsOf("tbody .action").ShouldBe(["edit", "create"]);
        page.TextsOf("tbody .was").Take(2).ShouldBe(["previously old", "previously read:all"]);
        page.TextsOf("tbody .was")[2].ShouldStartWith("previously 2026-07-0");
        page.TextsOf("td[data-label='IP address']").ShouldAllBe(address => address == "127.0.0.1");
        page.Link("All your history").ShouldBe("/auth/tokens/history");
        // With the key of another user's token, the page shows no entries.
        var other = await server.LogInAsync("curious");
        (await server.OpenAsync(other, $"/auth/tokens/history?key={token.Key}")).Text.ShouldContain("No changes yet.");
        (await server.OpenAsync(other, "/auth/tokens/history?username=edited")).TextsOf("tbody .action").ShouldBe(["create"]);
        (await server.OpenAsync(browser, "/auth/tokens/history?key=short")).StatusCode.ShouldBe(422);
    }

    [Theory, EveryMode]
    public async Task An_administrator_searches_the_history_of_all_users(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("observed");
        var token = await server.CreateTokenAsync(browser, "watched");
        var admin = await server.LogInAsync("observer", "admin:token");
        foreach (var (query, count) in (IEnumerable<(string, int)>)[
            ("username=observed", 2), ("username=observed&actor=&key=&ip_address=&since=&until=&token_type=", 2),
            ("username=observed&token_type=user", 1),
            ($"key={token.Key}", 1), ("username=observed&actor=observer", 0), ("username=observed&ip_address=127.0.0.0%2F8", 1),
            ("username=observed&ip_address=192.0.2.7", 1), ("username=observed&since=2026-06-30T00:00", 2),
            ("username=observed&until=2026-06-30T00:00", 0)])
        {
            var page = await server.OpenAsync(admin, $"/auth/tokens/history/all?{query}");
            page.StatusCode.ShouldBe(200, query);
            page.TextsOf("tbody tr").Count.ShouldBe(count, query);
            page.TextsOf("td[data-label=User]").ShouldAllBe(user => user == "observed");
        }
        var wrong = await server.OpenAsync(
            admin,
            "/auth/tokens/history/all?username=No%20Name&actor=%3Cscript%3E%22&key=short&ip_address=1.2.3"
                + "&since=then&until=%00&token_type=odd");
        wrong.StatusCode.ShouldBe(422);
        wrong.Document.QuerySelectorAll("table").ShouldBeEmpty();
        foreach (var field in (string[])["username", "actor", "key", "ip_address", "since", "until"])
            wrong.ErrorOf(field).ShouldNotBeNull(field);
        wrong.ErrorOf("ip_address").ShouldBe("Invalid IP address: '1.2.3' does not appear to be an IPv4 or IPv6 address.");
        wrong.ErrorOf("username").ShouldBe("This is not a valid username.");
        // The complete history in pages, with the same filters.
        for (var i = 0; i < 60; i++)
            await server.CreateTokenAsync(browser, $"many {i}");
        var first = await server.OpenAsync(admin, "/auth/tokens/history/all?username=observed&token_type=user");
        first.Link("Older")!.ShouldStartWith("/auth/tokens/history/all?username=observed&token_type=user&cursor=");
        (await server.OpenAsync(admin, first.Link("Older")!)).TextsOf("tbody tr").Count.ShouldBe(11);
        (await server.OpenAsync(admin, "/auth/tokens/history/all")).StatusCode.ShouldBe(200);
    }
}
