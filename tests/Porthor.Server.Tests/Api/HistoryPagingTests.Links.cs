using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

public sealed partial class HistoryPagingTests
{
    /// <summary>
    /// Links repeat the query in form encoding. Only the link to the first page keeps parameters without a value and repeated parameters.
    /// </summary>
    [Theory, EveryMode]
    public async Task Links_repeat_the_query(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await LogInWithChangesAsync(server, "linker");
        var address = $"{server.Host.Url}auth/api/v1/users/linker/token-change-history";
        var first = await server.GetAsync("/users/linker/token-change-history?limit=2", browser.Cookie);
        var cursor = CursorOf(LinksOf(first)["next"]);
        first.Header("Link").ShouldBe($"<{address}?limit=2>; rel=\"first\", <{address}?limit=2&cursor={cursor}>; rel=\"next\"");

        // The time and the number of the first entry of the next page.
        cursor.ShouldMatch($"^{server.Now}_[0-9]+$");

        var page = await server.GetAsync(
            $"/users/linker/token-change-history?x=%7E-._&cursor={cursor}&since=1970-01-01T00%3A00:00%2B00:00&y=&limit=9"
                + "&x=a+b%20c&%C3%BC=%E2%82%AC%22<>&limit=2&z",
            browser.Cookie);
        const string since = "since=1970-01-01T00%3A00%3A00%2B00%3A00";
        const string umlaut = "%C3%BC=%E2%82%AC%22%3C%3E";
        page.Header("Link").ShouldBe(
            $"<{address}?x=~-._&{since}&y=&limit=9&x=a+b+c&{umlaut}&limit=2&z=>; rel=\"first\", "
            + $"<{address}?x=~-._&x=a+b+c&{since}&limit=9&limit=2&{umlaut}&cursor={CursorOf(LinksOf(page)["next"])}>; rel=\"next\", "
            + $"<{address}?x=~-._&x=a+b+c&{since}&limit=9&limit=2&{umlaut}&cursor=p{cursor}>; rel=\"prev\"");
        (await server.SendAsync(HttpMethod.Get, LinksOf(page)["prev"], headers: [browser.Cookie])).Body.ShouldBe(first.Body);
    }

    /// <summary>WEAK-07: well-formed cursors with values out of range.</summary>
    [Theory, EveryMode]
    public async Task A_cursor_out_of_range_is_rejected(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        foreach (var cursor in (string[])[
            "253402300800_1", "p253402300800_1", "99999999999999999999999999999999999999_1", "1_2147483648", "p1_9223372036854775808",
            "1_99999999999999999999999999999999999999"])
        {
            var answer = await server.GetAsync($"/history/token-changes?cursor={cursor}", server.Bootstrap);
            answer.StatusCode.ShouldBe(422, cursor);
            answer.DetailType.ShouldBe("invalid_cursor");
            answer.DetailLocation.ShouldBe("query.cursor");
            answer.DetailMessage!.ShouldStartWith("Cannot parse cursor: ");
        }
        // At the limits of the range, the page has no entries or all entries.
        foreach (var cursor in (string[])["0_0", "p253402300799_2147483647", "00000_00000"])
            (await server.GetAsync($"/history/token-changes?cursor={cursor}", server.Bootstrap)).ShouldBe(200, "[]");
        var all = await server.GetAsync("/history/token-changes", server.Bootstrap);
        foreach (var cursor in (string[])["p0_0", "253402300799_2147483647"])
            (await server.GetAsync($"/history/token-changes?cursor={cursor}", server.Bootstrap)).Body.ShouldBe(all.Body);
    }
}
