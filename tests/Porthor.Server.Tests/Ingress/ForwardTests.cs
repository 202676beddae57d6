using Porthor.Identity;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Ingress;

/// <summary>
/// <c>/ingress/forward</c> decides like <c>/ingress/auth</c>, answers with the intended status, and redirects browsers to the login.
/// </summary>
public sealed class ForwardTests(ForwardServers servers) : IClassFixture<ForwardServers>
{
    private static readonly (string, string) Html = ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");

    [Theory, EveryMode]
    public async Task An_allowed_request_gets_the_same_answer_on_both_routes(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("same", "read:all,user:token");
        var bearer = TestServer.Bearer(browser.Session);
        foreach (var (query, headers) in (IEnumerable<(string, (string, string)[])>)[
            ("", [bearer]), ("", [browser.Cookie, Html]), ("?scope=read:all", [bearer, ("Cookie", "gafaelfawr=x; _other=y")]),
            ("?delegate_to=tap&delegate_scope=read:all&use_authorization=true", [bearer]), ("?notebook=true", [browser.Cookie]),
            ("?username=same&satisfy=any&scope=read:all&scope=exec:test", [browser.Cookie, ("Authorization", "token other")])])
        {
            var asked = await server.AuthorizeAsync(query, headers);
            var forwarded = await server.ForwardAsync(query, headers);
            forwarded.ShouldBeAllowed();
            Comparable(forwarded).ShouldBe(Comparable(asked), query);
            forwarded.Header("X-Auth-Request-User").ShouldBe("same");
        }

        // The user's cookies are returned in one header; the other route returns one header for each received header.
        (string, string)[] cookies = [
            .. ForwardExtensions.ForwardedHeaders("GET", "/"), bearer, ("Cookie", "a=b; gafaelfawr=x"), ("Cookie", "c=d")];
        (await server.SendLineAsync("GET /ingress/forward HTTP/1.1", cookies))!.Header("Cookie").ShouldBe("a=b; c=d");
    }

    [Theory, EveryMode]
    public async Task A_denied_request_gets_the_intended_status(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("refused", "read:all", UserData.None);
        var bearer = TestServer.Bearer(browser.Session);

        // Without credentials, and with invalid credentials.
        var unknown = await server.ForwardAsync("?scope=read:all");
        unknown.ShouldBeChallengedWithoutError();
        (await server.ForwardAsync("?auth_type=basic")).ShouldBeChallengedWithoutError(type: "Basic");
        (await server.ForwardAsync("", ("X-Requested-With", "xmlhttprequest"))).ShouldBeChallengedWithoutError(403);
        (await server.ForwardAsync("", ("Authorization", "Bearer token"))).ShouldBeDeniedAs(
            401, "invalid_token", "Token does not start with gt-")
            .Header("WWW-Authenticate").ShouldBe(
                "Bearer realm=\"example.com\", error=\"invalid_token\", error_description=\"Token does not start with gt-\"");
        (await server.ForwardAsync("", ("Authorization", "token foo"))).ShouldBeDeniedAs(
            400, "invalid_request", "Unknown Authorization type token")
            .Header("WWW-Authenticate")!.ShouldStartWith("Bearer realm=\"example.com\", error=\"invalid_request\"");

        // Missing scopes.
        (await server.ForwardAsync("?scope=exec:admin", bearer)).ShouldBeDeniedAs(403, "insufficient_scope", "Token missing required scope")
            .Header("WWW-Authenticate")!.ShouldEndWith("scope=\"exec:admin\"");

        // OPTIONS is the method of the user's request.
        (await server.ForwardAsync("", "OPTIONS", "/")).ShouldBeDeniedAs(
            404, "options_not_supported", "Non-CORS OPTIONS requests not supported");
        (string, string)[] preflight = [("Origin", "https://example.com"), ("Access-Control-Request-Method", "PUT")];
        (await server.ForwardAsync("", "OPTIONS", "/", preflight)).ShouldBeAllowed();
        (await server.ForwardAsync("", "GET", "/", preflight)).ShouldBeChallengedWithoutError();

        // Too many requests.
        (await server.ForwardAsync("?service=test", bearer)).ShouldHaveRemaining(1, remaining: 0);
        var limited = await server.ForwardAsync("?service=test", bearer);
        limited.ShouldBeDeniedAs(429, "rate_limited", "Rate limit (1/minute) exceeded");
        limited.Header("X-RateLimit-Remaining").ShouldBe("0");
        limited.Header("Retry-After").ShouldNotBeNull();

        // An error in the rule.
        (await server.ForwardAsync("?notebook=true&delegate_to=a", bearer)).StatusCode.ShouldBe(422);
    }

    [Fact]
    public async Task Without_a_response_of_the_record_store_the_answer_is_503()
    {
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var server = await TestServer.StartAsync(Mode.Cluster, ForwardServers.TrustLoopback, ownRedis: redis);
        var token = (await server.Tokens.SessionForAsync("patient")).Record.Token;
        redis.Pause();
        var answer = await server.GetAsync(
            "/ingress/forward", [.. ForwardExtensions.ForwardedHeaders("GET", "/"), TestServer.Bearer(token), Html]);
        redis.Resume();
        answer.StatusCode.ShouldBe(503, answer.Body);
        answer.Header("Content-Type").ShouldBe("text/html; charset=utf-8");
        answer.Body.ShouldContain("Authorization is not available at the moment.");
        answer.Header("Retry-After").ShouldBe("1");
        answer.Header("X-Error-Status").ShouldBeNull();
        answer.Header("Location").ShouldBeNull();
    }

    [Theory, EveryMode]
    public async Task A_browser_without_credentials_is_redirected_to_the_login(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var sent = await server.ForwardAsync("?scope=read:all", "GET", "/some/page?a=1&b=%C3%A9+c", Html);
        sent.StatusCode.ShouldBe(302, sent.Body);
        sent.Header("Location").ShouldBe("/login?rd=https%3A%2F%2Fexample.com%2Fsome%2Fpage%3Fa%3D1%26b%3D%25C3%25A9%2Bc");
        sent.Header("WWW-Authenticate").ShouldBeNull();
        sent.Header("Cache-Control").ShouldBe("no-cache, no-store");
        // The same applies to a session that is no longer valid.
        var browser = await server.LogInAsync("gone");
        (await server.DeleteAsync($"/users/gone/tokens/{browser.Key.Value}", browser.WriteHeaders)).StatusCode.ShouldBe(204);
        (await server.ForwardAsync("", browser.Cookie, Html)).StatusCode.ShouldBe(302);

        // Only browsers that open a page are redirected, and only if a login would help.
        (await server.ForwardAsync("")).ShouldBeChallengedWithoutError();
        (await server.ForwardAsync("", ("Accept", "application/json"))).ShouldBeChallengedWithoutError();
        (await server.ForwardAsync("", "POST", "/", Html)).ShouldBeChallengedWithoutError();
        (await server.ForwardAsync("", "HEAD", "/", Html)).ShouldBeChallengedWithoutError();
        (await server.ForwardAsync("", Html, ("X-Requested-With", "XMLHttpRequest"))).ShouldBeChallengedWithoutError(403);
        (await server.ForwardAsync(
            "", Html, ("X-Requested-With", "XMLHttpRequest"), ("Authorization", "Bearer token"))).StatusCode.ShouldBe(401);
        (await server.ForwardAsync("?auth_type=basic", Html)).ShouldBeChallengedWithoutError(type: "Basic");
        (await server.ForwardAsync("?allow_cookies=false", Html)).ShouldBeChallengedWithoutError();
        var someone = await server.LogInAsync("someone");
        (await server.ForwardAsync("?scope=exec:admin", someone.Cookie, Html)).StatusCode.ShouldBe(403);
    }

    /// <summary>A login that redirects to any host could be used for phishing.</summary>
    [Theory, EveryMode]
    public async Task The_login_redirects_only_to_allowed_hosts(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        async Task<Answer> At(string host, string proto = "https") => await server.SendAsync(
            HttpMethod.Get, "/ingress/forward", json: null, [.. ForwardExtensions.ForwardedHeaders("GET", "/x", host, proto), Html]);

        foreach (var host in (string[])["evil.org", "example.com.evil.org", "evilexample.com", "foo.example.com", "127.0.0.1"])
            (await At(host)).ShouldBeChallengedWithoutError();
        (await At("EXAMPLE.com:8443", "http")).Header("Location").ShouldBe("/login?rd=http%3A%2F%2FEXAMPLE.com%3A8443%2Fx");
        // Invalid hosts are ignored.
        foreach (var host in (string[])["example.com@evil.org", "evil.org/@example.com", "evil.org\\.example.com", "example.com, evil.org",
            "example.com#", "example.com?", ""])
            (await At(host)).StatusCode.ShouldBe(422, host);
        // The scheme is http or https; otherwise that of the request.
        (await At("example.com", "javascript")).Header("Location").ShouldBe("/login?rd=http%3A%2F%2Fexample.com%2Fx");
    }

    [Fact]
    public async Task A_subdomain_redirects_to_the_login_of_the_base_host()
    {
        await using var server = await TestServer.StartAsync(
            Mode.Embedded, settings =>
                ForwardServers.TrustLoopback(settings) with { AllowSubdomains = true, BaseUrl = new Uri("https://example.com:444/") });
        (await server.GetAsync("/ingress/forward", [.. ForwardExtensions.ForwardedHeaders("GET", "/", "nb.example.com"), Html]))
            .Header("Location").ShouldBe("https://example.com:444/login?rd=https%3A%2F%2Fnb.example.com%2F");
        (await server.GetAsync("/ingress/forward", [.. ForwardExtensions.ForwardedHeaders("GET", "/", "example.com:444"), Html]))
            .Header("Location").ShouldBe("/login?rd=https%3A%2F%2Fexample.com%3A444%2F");
    }

    /// <summary>Returns the forwarded headers without those that depend on the time.</summary>
    private static string Comparable(Answer answer) => string.Join('\n', answer.Headers
        .Where(header => header.Key != "Date").OrderBy(header => header.Key, StringComparer.Ordinal)
        .Select(header => $"{header.Key}: {string.Join(" | ", header.Value)}"));
}

/// <summary>Servers that trust this machine as a proxy.</summary>
public sealed class ForwardServers : IngressServers
{
    internal override PorthorSettings Configure(PorthorSettings settings) => TrustLoopback(base.Configure(settings));

    internal static PorthorSettings TrustLoopback(PorthorSettings settings) =>
        settings with { Proxies = [AddressBlock.Parse("127.0.0.0/8")] };
}

internal static class ForwardExtensions
{
    /// <summary>Returns the headers with which a proxy describes the user's request.</summary>
    public static (string, string)[] ForwardedHeaders(string method, string uri, string host = "example.com", string proto = "https") =>
        [("X-Forwarded-Method", method), ("X-Forwarded-Proto", proto), ("X-Forwarded-Host", host), ("X-Forwarded-Uri", uri),
            ("X-Forwarded-For", "192.0.2.9")];

    public static Task<Answer> ForwardAsync(this ApiServer server, string query, params (string, string)[] headers) =>
        server.ForwardAsync(query, "GET", "/some/page", headers);

    public static Task<Answer> ForwardAsync(
        this ApiServer server, string query, string method, string uri, params (string, string)[] headers) =>
        server.SendAsync(HttpMethod.Get, "/ingress/forward" + query, json: null, [.. ForwardedHeaders(method, uri), .. headers]);

    /// <summary>Checks an error as clients receive it, without headers for NGINX.</summary>
    public static Answer ShouldBeDeniedAs(this Answer answer, int status, string type, string message)
    {
        answer.Body.ShouldBe($$"""{"detail":[{"msg":"{{message}}","type":"{{type}}"}]}""");
        answer.StatusCode.ShouldBe(status);
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        foreach (var name in (string[])["X-Error-Status", "X-Error-Body", "X-Auth-Request-User", "X-Auth-Request-Token", "Location"])
            answer.Header(name).ShouldBeNull();
        return answer;
    }
}
