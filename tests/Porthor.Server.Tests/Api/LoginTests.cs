using Porthor.Secrets;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Api;

/// <summary>The data for a page about its session, and the cookie that is set with it: APL-001, APL-002, contract/login.md 1, 7.</summary>
public sealed class LoginTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private const string Scopes =
        """
        {"name":"admin:oidc","description":"Can manage OpenID Connect clients"},
        {"name":"admin:token","description":"Can create and modify tokens for any user"},
        {"name":"admin:userinfo","description":"Can see user information for any user"},
        {"name":"exec:admin","description":"Can do administrative things"},
        {"name":"exec:notebook","description":"Can use notebooks"},
        {"name":"exec:test","description":"Can test"},{"name":"read:all","description":"Can read everything"},
        {"name":"read:some","description":"Can read something"},{"name":"user:token","description":"Can create and modify user tokens"}
        """;

    [Theory, EveryMode]
    public async Task A_page_gets_its_user_and_the_known_scopes(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("some-user", "user:token,read:all");
        var answer = await server.GetAsync("/login", browser.Cookie);
        answer.ShouldBe(
            200,
            $$$"""{"csrf":"{{{browser.Csrf.Item2}}}","username":"some-user","scopes":["read:all","user:token"]"""
                + $$$""","config":{"scopes":[{{{Scopes.Replace("\n", "", StringComparison.Ordinal)}}}]}}""");
        // The cookie is not changed.
        answer.Headers.Keys.ShouldNotContain("Set-Cookie");
    }

    [Theory, EveryMode]
    public async Task A_session_without_a_CSRF_value_gets_a_valid_one(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("fresh-user");
        var gitHub = new Secret("a-github-access-token");
        var before = new SessionState { Token = browser.Session, GitHub = gitHub, ReturnUrl = "https://example.com/x" };
        var answer = await server.GetAsync("/login", server.Host.Cookie(before));
        var csrf = answer.Json.GetProperty("csrf").GetString()!;
        csrf.Length.ShouldBe(22);

        // The other fields of the cookie are unchanged.
        var state = server.Host.Core.SessionCookie.TryRead(CookieOf(answer), out _).ShouldNotBeNull();
        state.Csrf.ShouldBe(csrf);
        state.Token.ShouldBe(browser.Session);
        state.GitHub!.Reveal().ShouldBe("a-github-access-token");
        state.ReturnUrl.ShouldBe("https://example.com/x");

        // The cookie is accepted with quotes, as browsers send it, and without.
        var sent = answer.Header("Set-Cookie")!.Split(';')[0];
        foreach (var cookie in (string[])[
            sent, sent.Replace("\"", "", StringComparison.Ordinal), $"other=1;{sent} ; last=2", $"{SessionCookie.Name}=first; {sent}"])
        {
            (await server.GetAsync("/login", ("Cookie", cookie))).Json.GetProperty("csrf").GetString().ShouldBe(csrf);
            (await server.PostAsync(
                "/users/fresh-user/tokens", new { token_name = cookie.GetHashCode(StringComparison.Ordinal).ToString() },
                ("Cookie", cookie), ("X-CSRF-Token", csrf)))
                .StatusCode.ShouldBe(201);
        }
    }

    /// <summary>The length of the value determines whether it has padding. A value with padding is quoted.</summary>
    [Fact]
    public async Task A_cookie_with_padding_is_quoted_and_others_are_not()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("padded");
        var seen = new HashSet<bool>();
        foreach (var length in Enumerable.Range(1, 48))
        {
            var answer = await server.GetAsync(
                "/login", server.Host.Cookie(new SessionState { Token = browser.Session, ReturnUrl = new string('x', length) }));
            var header = answer.Header("Set-Cookie")!;
            var value = CookieOf(answer);
            var quotes = value.EndsWith('=') ? "\"" : "";
            header.ShouldBe($"gafaelfawr={quotes}{value}{quotes}; HttpOnly; Path=/; SameSite=lax; Secure");
            seen.Add(quotes.Length > 0);
        }
        seen.Count.ShouldBe(2);
    }

    /// <summary>APL-002.</summary>
    [Theory, EveryMode]
    public async Task Only_a_valid_session_is_accepted(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("alive");
        var foreign = new SessionCookie(new Fernet([FernetKey.Create()], TimeProvider.System));
        // Tests requests without a cookie, with a token in a header, with an unknown token, and without a token in the cookie.
        (await server.GetAsync("/login")).ShouldBeUnauthenticated();
        (await server.GetAsync("/login", TestServer.Bearer(browser.Session))).ShouldBeUnauthenticated();
        (await server.GetAsync("/login", server.Host.Cookie(new SessionState { Token = Token.Create() }))).ShouldBeUnauthenticated();
        (await server.GetAsync(
            "/login", server.Host.Cookie(new SessionState { Csrf = SessionCookie.CreateCsrf() }))).ShouldBeUnauthenticated();
        // A revoked session.
        var revoked = await server.LogInAsync("gone");
        (await server.DeleteAsync($"/users/gone/tokens/{revoked.Key}", revoked.WriteHeaders)).ShouldBeNoContent();
        (await server.GetAsync("/login", revoked.Cookie)).ShouldBeUnauthenticated();

        // Invalid cookies are discarded completely with a warning, and are not deleted in the browser.
        foreach (var (value, error) in (IEnumerable<(string, string)>)[
            ("", "InvalidToken"), ("garbage", "InvalidToken"), ("\"", "InvalidToken"), ("gAAAAA==", "InvalidToken"),
            (browser.Session.Reveal(), "InvalidToken"),
            (foreign.Write(new SessionState { Token = browser.Session }), "InvalidToken"),
            (Encrypt(server, "[]"), "ValidationError"), (Encrypt(server, "not json"), "ValidationError"),
            (Encrypt(server, """{"token":5}"""), "ValidationError"), (Encrypt(server, """{"token":"gt-bad"}"""), "InvalidTokenError"),
            (Encrypt(server, $$$"""{"token":{"key":"{{{browser.Key}}}","secret":"x"}}"""), "ValidationError"),
            (Encrypt(server, $$"""{"token":"{{browser.Session.Reveal()}}","login_start":"yesterday"}"""), "ValidationError"),
            (Encrypt(server, $$"""{"token":"{{browser.Session.Reveal()}}","csrf":"\ud800"}"""), "ValidationError")])
        {
            var lineCount = server.CountLines();
            var answer = await server.GetAsync("/login", ("Cookie", $"{SessionCookie.Name}={value}"));
            answer.ShouldBeUnauthenticated();
            answer.Headers.Keys.ShouldNotContain("Set-Cookie");
            var line = server.LinesSince(lineCount, "Discarding invalid state cookie").ShouldHaveSingleItem();
            line.GetProperty("severity").GetString().ShouldBe("warning");
            line.GetProperty("error").GetString().ShouldBe(error);
        }

        // Fields of later versions are ignored.
        (await server.GetAsync(
            "/login", ("Cookie", $"{SessionCookie.Name}={Encrypt(server, $$"""{"token":"{{browser.Session.Reveal()}}","later":[1]}""")}")))
            .StatusCode.ShouldBe(200);
    }

    private static string Encrypt(ApiServer server, string json) => System.Text.Encoding.ASCII.GetString(
        new Fernet(server.Host.Core.SessionKeys, TimeProvider.System).Encrypt(System.Text.Encoding.UTF8.GetBytes(json)));

    private static string CookieOf(Answer answer) => answer.Header("Set-Cookie")!.Split(';')[0].Split('=', 2)[1].Trim('"');
}
