using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Api;

/// <summary>Requests without a matching route (contract/api.md 1). They are answered before authentication.</summary>
public sealed class RoutingTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private static readonly string Key = new('k', TokenKey.Length);

    [Theory, EveryMode]
    public async Task An_unknown_path_is_not_found(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        foreach (var path in (string[])[
            "/nothing", "/favicon.ico", "/auth", "/auth/", "/auth/api", "/auth/api/v1", "/auth/api/v1/", "/auth/api/v1/nothing",
            "/auth/api/v2/token-info",
            "/auth/api/v1/users//tokens", "/auth/api/v1/users/some-user/tokens//change-history", "/auth//api/v1/token-info",
            $"/auth/api/v1/users/some-user/tokens/{Key}/more", "/auth/api/v1/token-info.json", "/auth/api/v1/token-info%20",
            "/auth/api/v1/token-info;x=1",
            "/auth/api/v1/users/a%2Fb/tokens", "/auth/api/v1/users/a%2fb/tokens/", "/auth/api/v1%2Ftoken-info",
            // Paths are case-sensitive.
            "/Health", "/AUTH/api/v1/token-info", "/auth/API/v1/token-info", "/auth/api/v1/Token-Info",
            "/auth/api/v1/Users/some-user/tokens",
            "/auth/api/v1/users/some-user/Tokens", $"/auth/api/v1/users/some-user/tokens/{Key}/CHANGE-HISTORY"])
        {
            foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Post, HttpMethod.Options])
                (await server.SendAsync(method, path)).ShouldBe(404, """{"detail":"Not Found"}""");
        }
        foreach (var path in (string[])["//auth/api/v1/token-info", "//", "//example.com/", "/auth//api/v1/token-info/"])
            (await server.SendLineAsync($"GET {path} HTTP/1.1"))!.ShouldBe(404, """{"detail":"Not Found"}""");
    }

    /// <summary>The Allow header names only the first route of a path, which reads; and there are no CORS headers.</summary>
    [Theory, EveryMode]
    public async Task An_unsupported_method_is_not_allowed(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        foreach (var (path, methods, allow) in (IEnumerable<(string, string, string)>)[
            ("/", "GET", "GET"), ("/health", "GET", "GET"), ("/auth/openapi.json", "GET", "GET"),
            ("/auth/api/v1/login", "GET", "GET"), ("/auth/api/v1/token-info", "GET", "GET"), ("/auth/api/v1/user-info", "GET", "GET"),
            ("/auth/api/v1/quota-overrides", "GET PUT DELETE", "GET"), ("/auth/api/v1/tokens", "POST", "POST"),
            ("/auth/api/v1/history/token-changes", "GET", "GET"), ("/auth/api/v1/users/some-user/token-change-history", "GET", "GET"),
            ("/auth/api/v1/users/some-user/tokens", "GET POST", "GET"),
            ($"/auth/api/v1/users/some-user/tokens/{Key}", "GET PATCH DELETE", "GET"),
            ($"/auth/api/v1/users/some-user/tokens/{Key}/change-history", "GET", "GET")])
        {
            foreach (var method in (string[])["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"])
            {
                // ASP.NET Core and HTTP/1.1 accept the usual methods in any case.
                if (methods.Split(' ').Contains(method.ToUpperInvariant()))
                    continue;
                var answer = await server.SendAsync(
                    new HttpMethod(method), path, json: null, ("Origin", "https://evil.example"),
                    ("Access-Control-Request-Method", "POST"));
                answer.ShouldBe(405, """{"detail":"Method Not Allowed"}""");
                answer.Header("Allow").ShouldBe(allow, $"{method} {path}");
                answer.Headers.Keys.ShouldNotContain(name => name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
            }
            if (methods.Contains("GET", StringComparison.Ordinal))
                continue;
            var head = await server.SendAsync(HttpMethod.Head, path);
            head.StatusCode.ShouldBe(405, path);
            head.Header("Allow").ShouldBe(allow);
            head.Body.ShouldBeEmpty();
        }
    }

    [Theory, EveryMode]
    public async Task A_trailing_slash_is_redirected_to_the_base_URL(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        foreach (var path in (string[])[
            "/health", "/auth/api/v1/token-info", "/auth/api/v1/tokens", "/auth/api/v1/users/some-user/tokens",
            $"/auth/api/v1/users/some-user/tokens/{Key}"])
        {
            foreach (var (method, sent, expected) in (IEnumerable<(HttpMethod, string, string)>)[
                (HttpMethod.Get, $"{path}/", path), (HttpMethod.Post, $"{path}/", path), (HttpMethod.Get, $"{path}//", path),
                (HttpMethod.Get, $"{path}/?a=b&c=%2F+%20", $"{path}?a=b&c=%2F+%20")])
            {
                var answer = await server.SendAsync(method, sent);
                answer.StatusCode.ShouldBe(307, sent);
                answer.Header("Location").ShouldBe($"https://example.com{expected}");
                answer.Body.ShouldBeEmpty();
            }
        }
        // The name in the path is unchanged and remains a part of the path.
        (await server.SendAsync(HttpMethod.Get, "/auth/api/v1/users/%C3%BC%20%3F%23%0D%0AX:y/tokens/")).Header("Location")
            .ShouldBe("https://example.com/auth/api/v1/users/%C3%BC%20%3F%23%0D%0AX:y/tokens");
        // The host and the scheme of the request have no effect.
        foreach (var (name, value) in ((string, string)[])[
            ("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "http")])
        {
            (await server.SendAsync(HttpMethod.Get, "/auth/api/v1/token-info/", null, ("X-Forwarded-For", "192.0.2.1"), (name, value)))
                .Header("Location").ShouldBe("https://example.com/auth/api/v1/token-info");
        }
    }

    [Fact]
    public async Task The_API_serves_its_OpenAPI_document()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var answer = await server.SendAsync(HttpMethod.Get, "/auth/openapi.json");
        answer.StatusCode.ShouldBe(200);
        answer.Header("Content-Type").ShouldStartWith("application/json");
        var paths = answer.Json.GetProperty("paths").EnumerateObject().Select(path => path.Name).ToList();
        foreach (var path in (string[])[
            "/auth/api/v1/login", "/auth/api/v1/token-info", "/auth/api/v1/user-info", "/auth/api/v1/tokens",
            "/auth/api/v1/quota-overrides",
            "/auth/api/v1/history/token-changes", "/auth/api/v1/users/{username}/tokens", "/auth/api/v1/users/{username}/tokens/{key}",
            "/auth/api/v1/users/{username}/tokens/{key}/change-history", "/auth/api/v1/users/{username}/token-change-history"])
            paths.ShouldContain(path);
    }
}
