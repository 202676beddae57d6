using System.Text.RegularExpressions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>
/// Paging through the history in both directions: HIS-002 to HIS-004, HIS-011, WEAK-07, contract/api.md 6, storage.md 2.6.
/// </summary>
public sealed partial class HistoryPagingTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private const int Changes = 23;

    [Theory, EveryMode]
    public async Task Paging_forward_and_backward_returns_every_entry_once(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await LogInWithChangesAsync(server, "walker");
        const string url = "/auth/api/v1/users/walker/token-change-history?limit=5";
        var all = Entries(await server.GetAsync("/users/walker/token-change-history", browser.Cookie));
        all.Count.ShouldBe(Changes);

        // Forward: pages of five, then the rest. The first page has no previous page, and the last page no next page.
        List<(string Url, List<string> Entries)> pages = [];
        for (string? next = server.Host.Url.GetLeftPart(UriPartial.Authority) + url; next is not null;)
        {
            var page = await server.SendAsync(HttpMethod.Get, next, headers: [browser.Cookie]);
            pages.Add((next, Entries(page)));
            page.Header("X-Total-Count").ShouldBe($"{Changes}");
            var links = LinksOf(page);
            links["first"].ShouldBe(pages[0].Url);
            links.ContainsKey("prev").ShouldBe(pages.Count > 1);
            links.TryGetValue("next", out next);
        }
        pages.Select(page => page.Entries.Count).ShouldBe([5, 5, 5, 5, 3]);
        pages.SelectMany(page => page.Entries).ShouldBe(all);

        // Backward: each previous page links to the page before.
        for (var i = pages.Count - 1; i > 0; i--)
        {
            var currentLinks = LinksOf(await server.SendAsync(HttpMethod.Get, pages[i].Url, headers: [browser.Cookie]));
            var before = await server.SendAsync(HttpMethod.Get, currentLinks["prev"], headers: [browser.Cookie]);
            Entries(before).ShouldBe(pages[i - 1].Entries);
            var links = LinksOf(before);
            links["next"].ShouldBe(pages[i].Url);
            links["first"].ShouldBe(pages[0].Url);
            before.Header("X-Total-Count").ShouldBe($"{Changes}");
        }

        // From the last page, following only the links to previous pages.
        var last = LinksOf(await server.SendAsync(HttpMethod.Get, pages[^1].Url, headers: [browser.Cookie]));
        List<string> backwards = [.. pages[^1].Entries];
        for (var prev = last.GetValueOrDefault("prev"); prev is not null;)
        {
            var page = await server.SendAsync(HttpMethod.Get, prev, headers: [browser.Cookie]);
            backwards.InsertRange(0, Entries(page));
            LinksOf(page).TryGetValue("prev", out prev);
        }
        backwards.ShouldBe(all);
    }

    /// <summary>HIS-002. The limit can be larger than the history.</summary>
    [Theory, EveryMode]
    public async Task A_page_can_have_any_size(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await LogInWithChangesAsync(server, "sizer");
        var all = Entries(await server.GetAsync("/users/sizer/token-change-history", browser.Cookie));
        foreach (var (limit, count) in (IEnumerable<(string, int)>)[
            ("1", 1), ("22", 22), ("23", 23), ("24", 23), ("1000000", 23), ("2147483648", 23), ("9223372036854775807", 23),
            // Integers in all formats of the contract.
            ("%2B5", 5), ("%205%20", 5), ("005", 5), ("1_0", 10), ("5.0", 5)])
        {
            var page = await server.GetAsync($"/users/sizer/token-change-history?limit={limit}", browser.Cookie);
            Entries(page).ShouldBe(all.Take(count), limit);
            page.Header("X-Total-Count").ShouldBe($"{Changes}");
            LinksOf(page).Keys.Order().ShouldBe(count < Changes ? ["first", "next"] : ["first"]);
        }
    }

    /// <summary>A cursor without a limit returns all remaining entries, without paging headers.</summary>
    [Theory, EveryMode]
    public async Task A_cursor_without_a_limit_returns_all_remaining_entries(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await LogInWithChangesAsync(server, "resting");
        var all = Entries(await server.GetAsync("/users/resting/token-change-history", browser.Cookie));
        var cursor = CursorOf(LinksOf(await server.GetAsync("/users/resting/token-change-history?limit=9", browser.Cookie))["next"]);
        foreach (var (sent, expected) in (IEnumerable<(string, IEnumerable<string>)>)[(cursor, all.Skip(9)), ($"p{cursor}", all.Take(9))])
        {
            var rest = await server.GetAsync($"/users/resting/token-change-history?cursor={sent}", browser.Cookie);
            Entries(rest).ShouldBe(expected);
            rest.Headers.Keys.ShouldNotContain("Link");
            rest.Headers.Keys.ShouldNotContain("X-Total-Count");
        }
    }

    /// <summary>WEAK-07: a cursor with a filter; the count is that of the filter.</summary>
    [Theory, EveryMode]
    public async Task Filters_apply_on_every_page(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await LogInWithChangesAsync(server, "filterer");
        var since = server.Now - 3;
        var all = Entries(await server.GetAsync($"/users/filterer/token-change-history?since={since}", browser.Cookie));
        all.Count.ShouldBeInRange(6, Changes - 1);
        List<string> seen = [];
        for (string? next = $"{server.Host.Url}auth/api/v1/users/filterer/token-change-history?since={since}&limit=2&token_type=user"; next
            is not null;)
        {
            var page = await server.SendAsync(HttpMethod.Get, next, headers: [browser.Cookie]);
            page.Header("X-Total-Count").ShouldBe($"{all.Count}");
            seen.AddRange(Entries(page));
            LinksOf(page).TryGetValue("next", out next);
        }
        seen.ShouldBe(all);
    }

    /// <summary>Creates a user with several changes in the same second, as a script can cause them.</summary>
    private static async Task<Browser> LogInWithChangesAsync(ApiServer server, string username)
    {
        var browser = await server.LogInAsync(username);
        for (var i = 1; i < Changes; i++)
        {
            if (i % 3 == 2)
                server.Clock.Advance(TimeSpan.FromSeconds(1));
            await server.CreateTokenAsync(browser, $"token {i}");
        }
        return browser;
    }

    private static List<string> Entries(Answer answer)
    {
        answer.StatusCode.ShouldBe(200, answer.Body);
        return [.. answer.Json.EnumerateArray().Select(entry => entry.GetRawText())];
    }

    private static Dictionary<string, string> LinksOf(Answer answer) =>
        Link.Matches(answer.Header("Link")!).ToDictionary(link => link.Groups["rel"].Value, link => link.Groups["url"].Value);

    private static string CursorOf(string url) => url[(url.IndexOf("cursor=", StringComparison.Ordinal) + 7)..];

    [GeneratedRegex("<(?<url>[^>]*)>; rel=\"(?<rel>[a-z]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Link { get; }
}
