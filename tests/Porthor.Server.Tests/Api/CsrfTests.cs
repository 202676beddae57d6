using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Api;

/// <summary>
/// A page of another site can make a browser send its cookie, but does not know the CSRF value in it: TOK-013, WEAK-06, contract/api.md
/// 2.2, login.md 7.
/// </summary>
public sealed class CsrfTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private const string Wrong = "Invalid CSRF token";
    private const string Missing = "CSRF token required in X-CSRF-Token header";

    [Theory, EveryMode]
    public async Task Every_write_with_a_cookie_must_contain_the_CSRF_value(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("writer", "admin:token,user:token");
        var another = await server.LogInAsync("other-writer");
        var token = await server.CreateTokenAsync(browser, "one");
        foreach (var (method, path, body) in Writes("writer", token.Key.Value))
        {
            foreach (var attempt in ((string, string)[][])[
                [browser.Cookie], [browser.Cookie, ("X-CSRF-Token", "")], [browser.Cookie, ("X-CSRF-Token", "invalid")],
                [browser.Cookie, another.Csrf], [browser.Cookie, ("X-CSRF-Token", browser.Csrf.Item2 + "A")],
                [browser.Cookie, ("X-CSRF-Token", browser.Csrf.Item2.ToUpperInvariant())],
                // Neither the value without the cookie nor a token in a header replaces it.
                [browser.Cookie, TestServer.Bearer(browser.Session)], [another.Cookie, browser.Csrf]])
            {
                var lineCount = server.CountLines();
                (await server.SendAsync(method, ApiServer.Prefix + path, body, attempt))
                    .ShouldBeError(403, "invalid_csrf", Wrong, "header", "X-CSRF-Token");
                var line = server.LinesSince(lineCount, "CSRF verification failed").ShouldHaveSingleItem();
                line.GetProperty("severity").GetString().ShouldBe("error");
                line.GetProperty("error").GetString().ShouldBe(Wrong);
                line.GetProperty("token_source").GetString().ShouldBe("cookie");
            }
        }
        // None of the requests had an effect.
        (await server.GetAsync("/users/writer/tokens", browser.Cookie)).Json.GetArrayLength().ShouldBe(2);
        (await server.GetAsync($"/users/writer/tokens/{token.Key}/change-history", browser.Cookie)).Json.GetArrayLength().ShouldBe(1);
        (await server.GetAsync("/quota-overrides", browser.Cookie)).StatusCode.ShouldBe(404);
    }

    [Theory, EveryMode]
    public async Task Reads_and_tokens_in_headers_need_no_CSRF_value(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("reader");
        (await server.GetAsync("/users/reader/tokens", browser.Cookie)).StatusCode.ShouldBe(200);
        (await server.GetAsync("/users/reader/tokens", browser.Cookie, ("X-CSRF-Token", "wrong"))).StatusCode.ShouldBe(200);
        (await server.PostAsync(
            "/users/reader/tokens", new { token_name = "by header" }, TestServer.Bearer(browser.Session))).StatusCode.ShouldBe(201);
        // A cookie without a token is not a credential, so no other page can use it.
        var visitor = server.Host.Cookie(new SessionState { Csrf = SessionCookie.CreateCsrf() });
        (await server.PostAsync(
            "/users/reader/tokens", new { token_name = "beside a cookie" }, visitor, TestServer.Bearer(browser.Session)))
            .StatusCode.ShouldBe(201);
    }

    /// <summary>If the cookie has no CSRF value, no value in the header is correct.</summary>
    [Theory, EveryMode]
    public async Task A_session_without_a_CSRF_value_cannot_write(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("valueless");
        var cookie = server.Host.Cookie(new SessionState { Token = browser.Session });
        foreach (var (headers, message) in (IEnumerable<((string, string)[], string)>)[
            ([cookie], Missing), ([cookie, ("X-CSRF-Token", "")], Wrong), ([cookie, ("X-CSRF-Token", "something")], Wrong)])
            (await server.PostAsync("/users/valueless/tokens", new { token_name = "x" }, headers))
                .ShouldBeError(403, "invalid_csrf", message, "header", "X-CSRF-Token");

        // An empty value in the cookie does not match an empty header.
        var empty = server.Host.Cookie(new SessionState { Token = browser.Session, Csrf = "" });
        foreach (var (headers, message) in (IEnumerable<((string, string)[], string)>)[
            ([empty], Wrong), ([empty, ("X-CSRF-Token", "")], Missing), ([empty, ("X-CSRF-Token", "something")], Wrong)])
            (await server.PostAsync("/users/valueless/tokens", new { token_name = "x" }, headers))
                .ShouldBeError(403, "invalid_csrf", message, "header", "X-CSRF-Token");
    }

    /// <summary>The CSRF value is checked before the token is looked up and before the body is validated.</summary>
    [Theory, EveryMode]
    public async Task The_CSRF_value_is_checked_before_the_token(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var csrf = SessionCookie.CreateCsrf();
        var invalidSession = server.Host.Cookie(new SessionState { Token = Token.Create(), Csrf = csrf });
        (await server.PostAsync("/users/x/tokens", new { }, invalidSession))
            .ShouldBeError(403, "invalid_csrf", Wrong, "header", "X-CSRF-Token");
        (await server.PostAsync("/users/x/tokens", new { }, invalidSession, ("X-CSRF-Token", csrf))).ShouldBeUnauthenticated();
        // The check also applies to the bootstrap token in a cookie.
        var bootstrap = server.Host.Cookie(new SessionState { Token = server.Host.Core.BootstrapToken, Csrf = csrf });
        (await server.DeleteAsync("/quota-overrides", bootstrap)).ShouldBeError(403, "invalid_csrf", Wrong, "header", "X-CSRF-Token");
        (await server.DeleteAsync("/quota-overrides", bootstrap, ("X-CSRF-Token", csrf))).StatusCode.ShouldBe(404);
    }

    private static IEnumerable<(HttpMethod Method, string Path, object? Body)> Writes(string username, string key) =>
    [
        (HttpMethod.Post, "/tokens", new { username = "x-user", token_type = "user", token_name = "x" }),
        (HttpMethod.Post, $"/users/{username}/tokens", new { token_name = "x" }),
        (HttpMethod.Patch, $"/users/{username}/tokens/{key}", new { token_name = "x" }),
        (HttpMethod.Delete, $"/users/{username}/tokens/{key}", null),
        (HttpMethod.Put, "/quota-overrides", new { bypass = (string[])["x"] }),
        (HttpMethod.Delete, "/quota-overrides", null),
    ];
}
