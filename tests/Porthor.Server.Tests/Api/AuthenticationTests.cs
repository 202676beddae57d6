using System.Text;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Api;

/// <summary>
/// The places of a token in a request, and the errors for invalid credentials (contract/api.md 2.1 to 2.3). The parts of HIS-012, HIS-013,
/// ADM-001, ADM-013, QUO-011 about authentication.
/// </summary>
public sealed partial class AuthenticationTests(ApiServers servers) : IClassFixture<ApiServers>
{
    [Theory, EveryMode]
    public async Task A_request_without_credentials_gets_a_challenge(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var key = new string('k', TokenKey.Length);
        foreach (var (method, path, body) in (IEnumerable<(HttpMethod, string, object?)>)[
            (HttpMethod.Get, "/login", null), (HttpMethod.Get, "/token-info", null), (HttpMethod.Get, "/user-info", null),
            (HttpMethod.Get, "/quota-overrides", null), (HttpMethod.Put, "/quota-overrides", new { }),
            (HttpMethod.Delete, "/quota-overrides", null),
            (HttpMethod.Post, "/tokens", new { }), (HttpMethod.Get, "/users/some-user/tokens", null),
            (HttpMethod.Post, "/users/some-user/tokens", new { }), (HttpMethod.Get, $"/users/some-user/tokens/{key}", null),
            (HttpMethod.Patch, $"/users/some-user/tokens/{key}", new { }), (HttpMethod.Delete, $"/users/some-user/tokens/{key}", null),
            (HttpMethod.Get, $"/users/some-user/tokens/{key}/change-history", null),
            (HttpMethod.Get, "/users/some-user/token-change-history", null), (HttpMethod.Get, "/history/token-changes", null)])
        {
            (await server.SendAsync(method, ApiServer.Prefix + path, body)).ShouldBeUnauthenticated();
            // An empty header is the same as no header.
            (await server.SendAsync(method, ApiServer.Prefix + path, body, ("Authorization", ""))).ShouldBeUnauthenticated();
        }
    }

    [Theory, EveryMode]
    public async Task A_token_is_accepted_in_each_supported_place(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("findable");
        var token = browser.Session.Reveal();
        foreach (var authorization in (string[])[
            $"Bearer {token}", $"bearer {token}", $"BEARER {token}", $"Bearer  \t {token}",
            Basic($"{token}:x-oauth-basic"), Basic($"x-oauth-basic:{token}"), Basic($"{token}:"), Basic($":{token}"),
            Basic($"{token}:{token}"),
            Basic($"  {token}:\n"), Basic($"{token}:gt-not.a-token"), "bAsIc " + Basic($"{token}:")[6..],
            Basic($"{token}:").Replace("=", "", StringComparison.Ordinal) + "====",
            Basic($"{token}:").Insert(20, "-_ %")])
            (await server.GetAsync("/token-info", ("Authorization", authorization))).StatusCode.ShouldBe(200, authorization[..8]);
    }

    [Theory, EveryMode]
    public async Task Basic_credentials_without_a_token_are_no_credentials(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        foreach (var pair in (string[])["some-user:password", ":", "gt-:", "gt-KEY.SECRET:gt-KEY.SECRET"])
            (await server.GetAsync("/token-info", ("Authorization", Basic(pair)))).ShouldBeUnauthenticated();
    }

    /// <summary>
    /// A malformed header is an error of the client. Proxies read the status from headers, because they do not forward 400.
    /// </summary>
    [Theory, EveryMode]
    public async Task A_malformed_header_is_an_invalid_request(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var one = (await server.LogInAsync("one-of-two")).Session.Reveal();
        var two = (await server.LogInAsync("two-of-two")).Session.Reveal();
        foreach (var (authorization, message) in (IEnumerable<(string, string)>)[
            ("Bearer", "Malformed Authorization header"), (one, "Malformed Authorization header"),
            ("token foo", "Unknown Authorization type token"), ("Bearer: foo", "Unknown Authorization type Bearer:"),
            ("Say\"hi\\ foo", "Unknown Authorization type Say\"hi\\"),
            ("Basic =", "Invalid Basic auth string: expected one user and one password"),
            ("Basic A", "Invalid Basic auth string: incorrect padding"), ("Basic AAA", "Invalid Basic auth string: incorrect padding"),
            ("Basic " + Convert.ToBase64String([0x66, 0xFF, 0x3A]), "Invalid Basic auth string: not UTF-8"),
            (Basic("no-colon"), "Invalid Basic auth string: expected one user and one password"),
            (Basic($"{one}:a:b"), "Invalid Basic auth string: expected one user and one password"),
            (Basic($"{one}:{two}"), "Conflicting tokens in Basic username and password fields")])
        {
            var lineCount = server.CountLines();
            (await server.GetAsync("/token-info", ("Authorization", authorization)))
                .ShouldBeChallenged(403, 400, "invalid_request", message);
            var line = server.LinesSince(lineCount, "Invalid request").ShouldHaveSingleItem();
            line.GetProperty("severity").GetString().ShouldBe("info");
            line.GetProperty("error").GetString().ShouldBe(message);
        }
    }

    /// <summary>The challenge contains the client's text and is still a valid header.</summary>
    [Theory, EveryMode]
    public async Task A_header_that_is_not_ASCII_gets_the_usual_error(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        (await server.GetAsync("/token-info", ("Authorization", "Jetôn 🔑")))
            .ShouldBeChallenged(403, 400, "invalid_request", "Unknown Authorization type Jetôn");
        (await server.GetAsync("/token-info", ("Authorization", "🔑 x")))
            .ShouldBeChallenged(403, 400, "invalid_request", "Unknown Authorization type 🔑");
    }

    /// <summary>The session of a page takes precedence over a token in the header, and an invalid session is not skipped.</summary>
    [Theory, EveryMode]
    public async Task The_cookie_takes_precedence_over_the_header_even_if_its_session_is_invalid(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("cookie-user");
        var header = TestServer.Bearer((await server.LogInAsync("header-user")).Session);

        var info = await server.GetAsync("/token-info", browser.Cookie, header);
        info.Json.GetProperty("username").GetString().ShouldBe("cookie-user");
        // The header is not parsed.
        (await server.GetAsync("/token-info", browser.Cookie, ("Authorization", "Bearer"))).StatusCode.ShouldBe(200);

        var invalidSession = server.Host.Cookie(new SessionState { Token = Token.Create() });
        (await server.GetAsync("/token-info", invalidSession, header)).ShouldBeUnauthenticated();
        // If the cookie has no token or is of another origin, the header applies.
        var empty = server.Host.Cookie(SessionState.Empty);
        (await server.GetAsync("/token-info", empty, header)).Json.GetProperty("username").GetString().ShouldBe("header-user");
        (await server.GetAsync("/token-info", ("Cookie", "gafaelfawr=garbage"), header)).Json.GetProperty("username").GetString()
            .ShouldBe("header-user");
    }

    private static string Basic(string pair) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(pair));
}
