using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Web;

/// <summary>The permissions for each page, and the pages that other users get.</summary>
public sealed partial class PageAccessTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private static readonly string Key = new('k', TokenKey.Length);

    private static readonly string[] UserPages =
        [PageClient.Tokens, PageClient.NewToken, "/auth/tokens/history", $"/auth/tokens/history?key={Key}"];

    private static readonly string[] AdministratorPages =
        ["/auth/tokens/search", "/auth/tokens/search?username=somebody", "/auth/tokens/history/all"];

    [Theory, EveryMode]
    public async Task A_user_who_is_not_signed_in_is_redirected_to_the_login_and_back(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var session = (await server.LogInAsync("visitor")).Session;
        var deadCookie = server.Host.Cookie(new SessionState { Token = Token.Create(), Csrf = SessionCookie.CreateCsrf() });
        foreach (var path in (string[])[.. UserPages, .. AdministratorPages, $"/auth/tokens/{Key}/revoke?username=bob"])
        {
            foreach (var headers in ((string, string)[][])[
                [], [deadCookie], [("Cookie", "gafaelfawr=rubbish")], [server.Host.Cookie(new SessionState { Csrf = "c" })],
                // Tokens in headers are for programs, and pages are for users in browsers.
                [TestServer.Bearer(session)], [server.Bootstrap], [TestServer.Basic(session.Reveal(), "")]])
            {
                var answer = await server.SendAsync(HttpMethod.Get, path, json: null, headers);
                answer.StatusCode.ShouldBe(307, path);
                answer.Header("Location").ShouldBe($"/login?rd={Uri.EscapeDataString("https://example.com" + path)}");
                answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
                answer.Body.ShouldBeEmpty();
            }
        }
    }

    /// <summary>The script could not show the login, and each attempt would start another login.</summary>
    [Theory, EveryMode]
    public async Task A_script_is_not_redirected_to_the_login(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        (await server.SendAsync(HttpMethod.Get, PageClient.Tokens, null, ("X-Requested-With", "XMLHttpRequest")))
            .ShouldBe(403, """{"detail":{"msg":"Authentication required","type":"no_authorization"}}""");
    }

    [Theory, EveryMode]
    public async Task The_first_page_shows_the_user_and_their_tokens(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync(
            "resident", "user:token,read:all", TokenBuilders.SomeUser with { Name = "Renée <b>O'Hara</b> 猫" });
        var token = await server.CreateTokenAsync(browser, "laptop", "read:all");
        var child = await server.Host.Tokens.GetInternalTokenAsync(
            await server.Host.Tokens.CallerAsync(browser.Session), "tap", ScopeSet.Of("read:all"));

        var page = await server.OpenAsync(browser, PageClient.Tokens);
        page.StatusCode.ShouldBe(200);
        page.Title.ShouldBe("Your tokens");
        page.Text.ShouldContain("Renée <b>O'Hara</b> 猫");
        page.Text.ShouldContain("someuser@example.com");
        page.TextsOf("dd .chips li").ShouldBe(["bar", "foo"]);
        page.TextsOf(".described li").ShouldBe(["read:all Can read everything", "user:token Can create and modify user tokens"]);
        page.TextsOf("tbody tr").Count.ShouldBe(3);
        page.TextOf("table[aria-labelledby=made] tr .label").ShouldBe("laptop");
        page.TextOf("table[aria-labelledby=made] tr .key").ShouldBe(token.Key.Value);
        page.TextOf("table[aria-labelledby=sessions] .badge").ShouldBe("this browser");
        page.TextOf("table[aria-labelledby=given] tr .label").ShouldBe("For tap");
        page.Link($"Revoke laptop, {token.Key}").ShouldBe(PageClient.RevokePage(token.Key));
        page.Document.QuerySelector("table[aria-labelledby=made] time")!.GetAttribute("datetime")!.ShouldMatch("^2026-07-0.T..:..:..Z$");
        // The page contains only the keys of the tokens.
        foreach (var secret in (Token[])[token, child, browser.Session])
            page.Answer.Body.ShouldNotContain(secret.Reveal().Split('.')[1]);
        // Pages for administrators are neither linked nor shown.
        page.Document.QuerySelectorAll("nav a").Length.ShouldBe(3);
        foreach (var path in AdministratorPages)
        {
            var refused = await server.OpenAsync(browser, path);
            refused.StatusCode.ShouldBe(403);
            refused.Text.ShouldContain("Missing required admin:token scope");
        }
    }

    [Theory, EveryMode]
    public async Task Without_the_scope_for_tokens_the_pages_show_an_error(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("scopeless", "read:all");
        foreach (var path in UserPages)
        {
            var page = await server.OpenAsync(browser, path);
            page.StatusCode.ShouldBe(path == PageClient.NewToken ? 403 : 200);
            page.TextOf(".notice").ShouldEndWith("Missing required user:token scope.");
            page.Document.QuerySelectorAll("form, table").ShouldBeEmpty();
        }
        var sent = await server.PostAsync(
            browser, PageClient.NewToken, [("csrf", browser.Csrf.Item2), ("name", "mine"), ("lifetime", "86400")]);
        sent.StatusCode.ShouldBe(403);
        var revoked = await server.PostAsync(browser, PageClient.RevokePage(browser.Key), [("csrf", browser.Csrf.Item2)]);
        revoked.StatusCode.ShouldBe(403);
        (await server.Host.Tokens.GetTokenInfoUncheckedAsync(browser.Key)).ShouldNotBeNull();
        // The page shows their username.
        (await server.OpenAsync(browser, PageClient.Tokens)).Text.ShouldContain("scopeless");
    }

    [Theory, EveryMode]
    public async Task An_administrator_finds_the_tokens_of_a_user(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var user = await server.LogInAsync("sought");
        var token = await server.CreateTokenAsync(user, "found");
        var browser = await server.LogInAsync("seeker", "admin:token");
        (await server.OpenAsync(browser, PageClient.Tokens)).Document.QuerySelectorAll("nav a").Length.ShouldBe(5);
        (await server.OpenAsync(browser, "/auth/tokens/search")).Document.QuerySelectorAll("table").ShouldBeEmpty();
        (await server.OpenAsync(browser, "/auth/tokens/search?username=nobody-here")).Text.ShouldContain("nobody-here has no tokens.");

        var page = await server.OpenAsync(browser, "/auth/tokens/search?username=sought");
        page.TextsOf("tbody .label").ShouldBe(["found", "Session"]);
        page.Link($"Revoke found, {token.Key}").ShouldBe($"{PageClient.RevokePage(token.Key)}?username=sought");
        page.Link($"History of found, {token.Key}").ShouldBe($"/auth/tokens/history/all?username=sought&key={token.Key}");
        var wrong = await server.OpenAsync(browser, "/auth/tokens/search?username=%3Cscript%3Ealert(1)%3C/script%3E");
        wrong.StatusCode.ShouldBe(422);
        wrong.ErrorOf("username").ShouldBe("This is not a valid username.");
    }

    /// <summary>Any page can link to this URL, so the page shows only revocations that the history confirms.</summary>
    [Theory, EveryMode]
    public async Task A_URL_cannot_forge_the_notice_of_a_revocation(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("misled");
        var token = await server.CreateTokenAsync(browser, "alive");
        foreach (var key in (string[])[token.Key.Value, Key, "x", "%00", "<script>"])
            (await server.OpenAsync(browser, $"{PageClient.Tokens}?revoked={key}")).Document.QuerySelectorAll(".notice").ShouldBeEmpty();
    }
}
