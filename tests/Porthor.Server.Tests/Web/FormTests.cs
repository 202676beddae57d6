using System.Net.Http.Headers;
using System.Text;
using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Web;

/// <summary>
/// A page of another site can make a browser post a form with its cookie, which must have no effect: WEAK-06, contract/login.md 7.
/// </summary>
public sealed class FormTests(ApiServers servers) : IClassFixture<ApiServers>
{
    [Theory, EveryMode]
    public async Task A_form_must_contain_the_CSRF_value_of_the_session(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("attacked");
        var attacker = await server.LogInAsync("attacker");
        var token = await server.CreateTokenAsync(browser, "kept");
        foreach (var (path, fields) in Forms(token.Key))
        {
            foreach (var attempt in ((string, string)[][])[
                [], [("csrf", "")], [("csrf", "wrong")], [("csrf", attacker.Csrf.Item2)], [("csrf", browser.Csrf.Item2 + "A")],
                [("csrf", browser.Csrf.Item2.ToUpperInvariant())], [("CSRF-TOKEN", browser.Csrf.Item2)],
                // Of several values the last one applies, so that a value cannot be prepended.
                [("csrf", browser.Csrf.Item2), ("csrf", "wrong")]])
                await ShouldBeRejectedAsync(server, browser, path, [.. fields, .. attempt], []);
            // A value in a header does not replace the form field.
            await ShouldBeRejectedAsync(server, browser, path, fields, [browser.Csrf]);
        }
        await ShouldBeUnchangedAsync(server, browser, token.Key);
    }

    /// <summary>Many parties can see URLs.</summary>
    [Theory, EveryMode]
    public async Task The_CSRF_value_is_not_accepted_in_a_URL(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("addressed");
        foreach (var (path, fields) in Forms(browser.Key))
            await ShouldBeRejectedAsync(server, browser, $"{path}?csrf={browser.Csrf.Item2}", fields, []);
        (await server.OpenAsync(browser, PageClient.Tokens)).TextsOf("tbody tr").Count.ShouldBe(1);
    }

    [Theory, EveryMode]
    public async Task A_form_must_come_from_one_of_Porthors_pages(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("neighbour");
        var token = await server.CreateTokenAsync(browser, "kept");
        foreach (var (path, fields) in Forms(token.Key))
        {
            foreach (var site in (string[])["cross-site", "same-site", "none", "", "Same-Origin", "anything"])
                await ShouldBeRejectedAsync(server, browser, path, [.. fields, ("csrf", browser.Csrf.Item2)], [("Sec-Fetch-Site", site)]);
        }
        await ShouldBeUnchangedAsync(server, browser, token.Key);
        // Forms of the same origin, and of browsers without these headers, are accepted.
        foreach (var headers in ((string, string)[][])[[("Sec-Fetch-Site", "same-origin")], []])
        {
            var made = await server.PostAsync(
                browser, PageClient.NewToken,
                [("name", $"with {headers.Length}"), ("lifetime", "86400"), ("csrf", browser.Csrf.Item2)], headers);
            PageClient.TokenOn(made);
        }
    }

    [Theory, EveryMode]
    public async Task Only_form_encodings_are_accepted(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("typist");
        var body = $"name=x&lifetime=86400&csrf={browser.Csrf.Item2}";
        foreach (var type in (string?[])[
            null, "text/plain", "application/json", "application/x-www-form-urlencoded-not", "multipart/form-data; boundary=x"])
        {
            var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
            (await server.PostAsync(browser, PageClient.NewToken, content)).StatusCode.ShouldBe(403, type);
        }
        using var many = new StringContent(
            string.Concat(Enumerable.Repeat("a=b&", 2000))
                + body, Encoding.UTF8, MediaTypeHeaderValue.Parse("application/x-www-form-urlencoded"));
        var refused = await server.PostAsync(browser, PageClient.NewToken, many);
        refused.StatusCode.ShouldBe(400);
        refused.Title.ShouldBe("Invalid request");
        using var large = new StringContent(
            body + "&x=" + new string('x', 70_000), Encoding.UTF8, MediaTypeHeaderValue.Parse("application/x-www-form-urlencoded"));
        (await server.PostAsync(browser, PageClient.NewToken, large)).StatusCode.ShouldBe(413);
        (await server.GetAsync("/users/typist/tokens", browser.Cookie)).Json.GetArrayLength().ShouldBe(1);
        using var right = new StringContent(body, Encoding.UTF8, MediaTypeHeaderValue.Parse("Application/X-WWW-Form-Urlencoded"));
        PageClient.TokenOn(await server.PostAsync(browser, PageClient.NewToken, right));
    }

    /// <summary>A form without a valid session does not redirect to the login, because the entered data would be lost.</summary>
    [Theory, EveryMode]
    public async Task A_form_without_a_session_links_to_the_login(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("ended");
        var invalidSession = server.Host.Cookie(new SessionState { Token = Token.Create(), Csrf = browser.Csrf.Item2 });
        foreach (var headers in ((string, string)[][])[[], [invalidSession], [TestServer.Bearer(browser.Session)]])
        {
            var answer = await server.PostAsync(
                browser: null, PageClient.NewToken, [("name", "x"), ("lifetime", "86400"), ("csrf", browser.Csrf.Item2)], headers);
            answer.StatusCode.ShouldBe(403);
            answer.Text.ShouldContain("Your session is no longer valid. Nothing was changed.");
            answer.Link("Sign in").ShouldBe("/login?rd=https%3A%2F%2Fexample.com%2Fauth%2Ftokens%2Fnew");
        }
    }

    private static IEnumerable<(string Path, (string, string)[] Fields)> Forms(TokenKey key) =>
    [
        (PageClient.NewToken, [("name", "planted"), ("lifetime", "86400")]),
        (PageClient.RevokePage(key), []),
    ];

    private static async Task ShouldBeRejectedAsync(
        ApiServer server, Browser browser, string path, IEnumerable<(string, string)> fields, (string, string)[] headers)
    {
        var lineCount = server.CountLines();
        var answer = await server.PostAsync(browser, path, fields, headers);
        answer.StatusCode.ShouldBe(403);
        answer.Title.ShouldBe("Form not accepted");
        answer.Link("Open the page again").ShouldBe(path);
        // The entered data are not shown again: they can come from another site.
        answer.Answer.Body.ShouldNotContain("planted");
        server.LinesSince(lineCount, "CSRF verification failed")
            .ShouldHaveSingleItem().GetProperty("user").GetString().ShouldBe(browser.Username);
    }

    private static async Task ShouldBeUnchangedAsync(ApiServer server, Browser browser, TokenKey kept)
    {
        var tokens = (await server.GetAsync($"/users/{browser.Username}/tokens", browser.Cookie)).Json.EnumerateArray();
        tokens.Select(token => token.GetProperty("token").GetString()).ShouldBe([kept.Value, browser.Key.Value], ignoreOrder: true);
    }
}
