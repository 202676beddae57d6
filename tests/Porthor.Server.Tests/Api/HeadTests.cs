using System.Text.RegularExpressions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>HEAD on every route that has GET (RFC 9110 section 9.3.2; deviations 36).</summary>
public sealed partial class HeadTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private static readonly string[] Changing = ["Date", "Set-Cookie", "Transfer-Encoding"];

    [Theory, EveryMode]
    public async Task HEAD_returns_the_response_of_GET_without_a_body(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("reader", "user:token,admin:token,read:all");
        (string, string)[] originalRequest = [("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET")];
        foreach (var path in (string[])[
            "/", "/health", "/health/live", "/auth/openapi.json", "/auth/docs", "/auth/docs/", "/auth/redoc", "/auth/assets/porthor.css",
            "/auth/nothing",
            "/auth/api/v1/login", "/auth/api/v1/token-info", "/auth/api/v1/user-info", "/auth/api/v1/users/reader/tokens",
            "/auth/api/v1/users/other/tokens/none", "/auth/api/v1/history/token-changes", "/auth/api/v1/history/token-changes?cursor=x",
            "/auth/tokens", "/auth/tokens/", "/auth/tokens/new", "/auth/tokens/history", "/auth/tokens/search", "/auth/tokens/history/all",
            "/auth/login",
            "/login?rd=https://evil.org/", "/logout?rd=https://evil.org/", "/logout", "/auth/api/v1/tokens",
            "/ingress/anonymous", "/ingress/auth?scope=read:all", "/ingress/auth?scope=exec:none", "/ingress/auth", "/ingress/forward"])
        {
            foreach (var headers in ((string, string)[][])[
                [.. originalRequest], [.. originalRequest, browser.Cookie], [browser.Cookie, ("Accept", "text/html")]])
            {
                // HEAD comes first, because GET /logout revokes the session.
                var head = (await server.SendLineAsync($"HEAD {path} HTTP/1.1", headers)).ShouldNotBeNull(path);
                if (path == "/logout")
                    continue;
                var get = (await server.SendLineAsync($"GET {path} HTTP/1.1", headers)).ShouldNotBeNull(path);
                head.Body.ShouldBeEmpty(path);
                head.StatusCode.ShouldBe(get.StatusCode, path);
                Comparable(head).ShouldBe(Comparable(get), path);
            }
        }
        (await server.GetAsync("/token-info", browser.Cookie)).StatusCode.ShouldBe(200);
        var ready = (await server.SendLineAsync("HEAD /health/ready HTTP/1.1")).ShouldNotBeNull();
        (ready.StatusCode, ready.Body).ShouldBe((200, ""));
    }

    [Theory, EveryMode]
    public async Task Routes_without_GET_reject_HEAD(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var answer = (await server.SendLineAsync("HEAD /auth/api/v1/tokens HTTP/1.1")).ShouldNotBeNull();
        (answer.StatusCode, answer.Body, answer.Header("Allow")).ShouldBe((405, "", "POST"));
    }

    /// <summary>The web server adds the length 0 only to GET responses, and each response has a different nonce.</summary>
    private static List<string> Comparable(Answer answer) =>
    [
        .. answer.Headers.Where(header => !Changing.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
            .Select(header => Nonce.Replace($"{header.Key}: {string.Join(" | ", header.Value)}", "nonce"))
            .Where(line => line != "Content-Length: 0").Order(StringComparer.Ordinal),
    ];

    [GeneratedRegex("'nonce-[^']*'", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Nonce { get; }
}
