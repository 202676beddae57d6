using AngleSharp.Html.Parser;
using Porthor.Identity;
using Porthor.Server.Tests.Api;
using Porthor.Server.Tests.Ingress;
using Porthor.Testing;

namespace Porthor.Server.Tests.Web;

/// <summary>Denied requests of browsers get a page; all other clients get JSON.</summary>
public sealed class DenialPageTests(ForwardServers servers) : IClassFixture<ForwardServers>
{
    private static readonly (string, string) Html = ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");

    [Theory, EveryMode]
    public async Task A_denial_page_contains_the_user_the_scopes_and_a_link_to_another_login(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("denied", "read:all");
        const string query = "?scope=read:all&scope=exec:admin&scope=%3Cscript%3E";
        var answer = await server.ForwardAsync(query, "GET", "/x?a=\"'><script>alert(1)</script>&b=1", browser.Cookie, Html);
        answer.StatusCode.ShouldBe(403);
        answer.Header("WWW-Authenticate")!.ShouldContain("insufficient_scope");
        answer.Header("X-Error-Body").ShouldBeNull();
        var document = Read(answer);
        document.Title.ShouldBe("Access denied");
        document.QuerySelectorAll("script").ShouldBeEmpty();
        document.QuerySelector("main")!.TextContent.ShouldContain("Token missing required scope.");
        document.QuerySelectorAll("code").Select(code => code.TextContent).ShouldBe(["<script>", "exec:admin"], ignoreOrder: true);
        document.QuerySelector("strong")!.TextContent.ShouldBe("denied");

        // The link signs out and leads back after a login.
        var link = document.QuerySelectorAll("a").ShouldHaveSingleItem();
        link.TextContent.ShouldBe("Sign in as another user");
        var logout = new Uri(link.GetAttribute("href")!);
        logout.GetLeftPart(UriPartial.Path).ShouldBe("https://example.com/logout");
        var left = await server.SendAsync(HttpMethod.Get, logout.PathAndQuery, json: null, browser.Cookie);
        left.StatusCode.ShouldBe(307, left.Body);
        left.Header("Location")!.ShouldStartWith("https://example.com/login?rd=https%3A%2F%2Fexample.com%2Fx");
        (await server.GetAsync("/token-info", browser.Cookie)).StatusCode.ShouldBe(401);
    }

    [Theory, EveryMode]
    public async Task Other_clients_get_JSON(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("program", "read:all");
        foreach (var headers in ((string, string)[][])[
            [], [("Accept", "*/*")], [("Accept", "application/json")], [("Accept", "application/json, text/html;q=0.5")],
            [Html, ("X-Requested-With", "XMLHttpRequest")]])
            (await server.ForwardAsync("?scope=exec:admin", [browser.Cookie, .. headers])).ShouldBeDeniedAs(
                403, "insufficient_scope", "Token missing required scope");
        // NGINX forwards the browser's headers and reads the error from headers of the response.
        var forPage = await server.AuthorizeAsync("?scope=exec:admin", browser.Cookie, Html);
        forPage.ShouldBeError(403, 403, "insufficient_scope", "Token missing required scope");
        forPage.Header("X-Error-User").ShouldBe("program");
        (await server.AuthorizeAsync("?scope=exec:admin", browser.Cookie)).Header("X-Error-User").ShouldBeNull();
        (await server.AuthorizeAsync("?scope=exec:admin", browser.Cookie, Html, ("X-Requested-With", "XMLHttpRequest")))
            .Header("X-Error-User")
            .ShouldBeNull();
        (await server.AuthorizeAsync(
            "?scope=exec:admin", ("Authorization", "Bearer gt-aaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbb"), Html)).Header("X-Error-User")
            .ShouldBeNull();
        (await server.AuthorizeAsync("?scope=read:all", browser.Cookie, Html)).Header("X-Error-User").ShouldBeNull();
        (await server.SendAsync(HttpMethod.Get, "/auth/nothing")).ShouldBe(404, """{"detail":"Not Found"}""");
    }

    [Theory, EveryMode]
    public async Task Every_status_has_a_page(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("various", "read:all", UserData.None);
        (await server.ForwardAsync("?service=test", browser.Cookie)).StatusCode.ShouldBe(200);
        var limited = await server.ForwardAsync("?service=test", browser.Cookie, Html);
        (limited.StatusCode, Read(limited).Title).ShouldBe((429, "Too many requests"));
        limited.Header("Retry-After").ShouldNotBeNull();
        var invalid = await server.ForwardAsync("?notebook=true&delegate_to=a", browser.Cookie, Html);
        (invalid.StatusCode, Read(invalid).Title).ShouldBe((422, "Invalid request"));
        var options = await server.ForwardAsync("", "OPTIONS", "/", Html);
        (options.StatusCode, Read(options).Title).ShouldBe((404, "Not found"));

        // Denied requests to Porthor's own routes get a page too.
        foreach (var (path, status, title) in (IEnumerable<(string, int, string)>)[
            ("/auth/nothing/%3Cscript%3E", 404, "Not found"), ("/logout?rd=https://evil.org/%3Cscript%3E", 422, "Invalid request"),
            ("/auth/api/v1/history/token-changes", 403, "Access denied")])
        {
            var answer = await server.SendAsync(HttpMethod.Get, path, json: null, browser.Cookie, Html);
            (answer.StatusCode, Read(answer).Title).ShouldBe((status, title), path);
            Read(answer).QuerySelector("strong")!.TextContent.ShouldBe("various", path);
            var anonymous = await server.SendAsync(HttpMethod.Get, path, json: null, Html);
            if (status != 403)
                Read(anonymous).QuerySelector("a")!.TextContent.ShouldBe("Sign in", path);
        }
        var page = await server.OpenAsync(browser, "/auth/tokens/search");
        page.StatusCode.ShouldBe(403);
        page.Link("Sign in as another user")!.ShouldStartWith("/logout?rd=https%3A%2F%2Fexample.com%2Flogin%3Frd%3D");
    }

    private static AngleSharp.Html.Dom.IHtmlDocument Read(Answer answer)
    {
        answer.Header("Content-Type").ShouldBe("text/html; charset=utf-8", answer.Body);
        answer.Header("Content-Security-Policy")!.ShouldContain("default-src 'none'");
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        answer.Header("X-Error-Status").ShouldBeNull();
        return new HtmlParser().ParseDocument(answer.Body);
    }
}
