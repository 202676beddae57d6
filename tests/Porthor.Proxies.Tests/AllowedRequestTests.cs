using Porthor.Identity;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Proxies.Tests;

/// <summary>The requests that the site receives, and the responses that the client receives.</summary>
public sealed class AllowedRequestTests(ProxyFixture fixture) : IClassFixture<ProxyFixture>
{
    [Theory, EveryProxy]
    public async Task The_site_gets_the_username_and_no_token(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var username = $"someone-{proxy}".ToLowerInvariant();
        var token = await fixture.LogInAsync(username);
        var answer = await client.GetAsync(
            "/some/page?a=1&b=%2F", TestServer.Bearer(token), ("Cookie", "gafaelfawr=gt-x; _other=y"), ("X-Custom", "kept"),
            ("User-Agent", "client/1.0"));
        answer.StatusCode.ShouldBe(200, answer.Body);
        answer.Header("X-Site").ShouldBe("here");
        answer.Header("X-RateLimit-Limit").ShouldBeNull();
        answer.Header("X-Auth-Request-User").ShouldBeNull();

        var arrived = Upstream.Read(answer.Body);
        (arrived.Method, arrived.Path).ShouldBe(("GET", "/some/page?a=1&b=%2F"));
        arrived.Header("X-Auth-Request-User").ShouldBe(username);
        arrived.Header("X-Auth-Request-Email").ShouldBe($"{username}@example.com");
        arrived.Header("X-Auth-Request-Service").ShouldBeNull();
        arrived.Header("X-Auth-Request-Token").ShouldBeNull();
        arrived.Header("Authorization").ShouldBeNull();
        arrived.Header("Cookie").ShouldBe("_other=y");
        arrived.Header("X-Custom").ShouldBe("kept");
        arrived.Header("User-Agent").ShouldBe("client/1.0");
        arrived.Header("Host").ShouldBe("example.com");
        arrived.Header("X-Forwarded-For").ShouldBe(ProxyFixture.ClientAddress);
        arrived.Header("X-Forwarded-Proto").ShouldBe("http");
        arrived.Header("X-Forwarded-Host").ShouldBe("example.com");
        (await fixture.LastLineAsync(username, "Token authorized")).GetProperty("httpRequest").GetProperty("remoteIp").GetString()
            .ShouldBe(ProxyFixture.ClientAddress);
        (await fixture.LastLineAsync(username, "Token authorized")).GetProperty("auth_uri").GetString().ShouldBe(
            "http://example.com/some/page?a=1&b=%2F");
    }

    [Theory, EveryProxy]
    public async Task A_session_cookie_is_accepted_and_not_forwarded(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var (name, cookie) = fixture.Porthor.Cookie(new SessionState { Token = await fixture.LogInAsync("browsing") });
        var only = Upstream.Read((await client.GetAsync("/", (name, cookie))).Body);
        only.Header("X-Auth-Request-User").ShouldBe("browsing");
        only.Header("Cookie").ShouldBeNull();

        // The application's own cookies and credentials are forwarded.
        var mixed = Upstream.Read(
            (await client.GetAsync("/", (name, $"first=1; {cookie}; last=2"), ("Authorization", "token the-applications"))).Body);
        mixed.Header("X-Auth-Request-User").ShouldBe("browsing");
        mixed.Header("Cookie").ShouldBe("first=1; last=2");
        mixed.Header("Authorization").ShouldBe("token the-applications");
    }

    [Theory, EveryProxy]
    public async Task The_service_gets_a_delegated_token_and_never_the_users_token(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var token = await fixture.LogInAsync("delegating", "read:all,user:token");
        var answer = await client.GetAsync("/api/x", TestServer.Bearer(token));
        answer.Body.ShouldNotContain(token.Reveal());
        var arrived = Upstream.Read(answer.Body);
        arrived.Header("Authorization").ShouldBeNull();
        var child = await fixture.Porthor.Tokens.GetDataAsync(Token.Parse(arrived.Header("X-Auth-Request-Token")!));
        (child!.TokenType, child.Username, child.Service, child.Scopes.ToString()).ShouldBe(
            (TokenType.Internal, "delegating", "api", "read:all"));
        // The delegated token is for the site; the client does not receive it.
        answer.Headers.Keys.ShouldNotContain("X-Auth-Request-Token", StringComparer.OrdinalIgnoreCase);

        // A delegated token identifies its user.
        var asService = Upstream.Read(
            (await client.GetAsync("/", ("Authorization", $"Bearer {arrived.Header("X-Auth-Request-Token")}"))).Body);
        asService.Header("X-Auth-Request-Service").ShouldBe("api");
    }

    [Theory, EveryProxy]
    public async Task A_client_gets_the_number_of_remaining_requests(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var token = await fixture.LogInAsync(
            $"slow-{proxy}".ToLowerInvariant(), userData: UserData.None with { Groups = [new Group("slow", 1000)] });
        var answer = await client.GetAsync("/api/", TestServer.Bearer(token));
        answer.StatusCode.ShouldBe(200, answer.Body);
        (answer.Header("X-RateLimit-Limit"), answer.Header("X-RateLimit-Remaining"), answer.Header("X-RateLimit-Used"),
            answer.Header("X-RateLimit-Resource"))
            .ShouldBe(("2", "1", "1", "api"));
        answer.Header("X-RateLimit-Reset").ShouldNotBeNullOrEmpty();
        (await client.GetAsync("/api/", TestServer.Bearer(token))).Header("X-RateLimit-Remaining").ShouldBe("0");
        var refused = await client.GetAsync("/api/", TestServer.Bearer(token));
        refused.ShouldBeError(429, "rate_limited", "Rate limit (2/minute) exceeded");
        (refused.Header("X-RateLimit-Limit"), refused.Header("X-RateLimit-Remaining")).ShouldBe(("2", "0"));
        refused.Header("Retry-After")!.ShouldEndWith(" GMT");
    }

    [Theory, EveryProxy]
    public async Task Public_pages_are_allowed_without_a_token_and_receive_no_token(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var token = await fixture.LogInAsync("public");
        var nobody = Upstream.Read((await client.GetAsync("/public/page")).Body);
        nobody.Header("X-Auth-Request-User").ShouldBeNull();
        var somebody = Upstream.Read(
            (await client.GetAsync("/public/page", TestServer.Bearer(token), ("Cookie", "gafaelfawr=x; a=b"))).Body);
        somebody.Header("X-Auth-Request-User").ShouldBeNull();
        somebody.Header("Authorization").ShouldBeNull();
        somebody.Header("Cookie").ShouldBe("a=b");
        var own = Upstream.Read((await client.GetAsync("/public/page", ("Authorization", "Basic Zm9vOmJhcg=="))).Body);
        own.Header("Authorization").ShouldBe("Basic Zm9vOmJhcg==");
    }

    /// <summary>
    /// Porthor's pages are reachable through the proxy and get the client's address. The routes for proxies are not reachable.
    /// </summary>
    [Theory, EveryProxy]
    public async Task Porthors_pages_are_public_and_its_routes_for_proxies_are_not(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var username = $"owner-{proxy}".ToLowerInvariant();
        var token = await fixture.LogInAsync(username, "read:all,user:token");
        var created = await client.SendAsync(
            HttpMethod.Post, $"/auth/api/v1/users/{username}/tokens",
            new StringContent("""{"token_name":"laptop"}""", null, "application/json"),
            TestServer.Bearer(token), ("X-Forwarded-For", "203.0.113.66"));
        created.StatusCode.ShouldBe(201, created.Body);
        var history = await client.GetAsync($"/auth/api/v1/users/{username}/token-change-history?limit=1", TestServer.Bearer(token));
        history.Json[0].GetProperty("ip_address").GetString().ShouldBe(ProxyFixture.ClientAddress);

        foreach (var path in (string[])["/ingress/auth", "/ingress/forward", "/ingress/anonymous", "/health", "/health/live",
            "/health/ready", "/metrics", "/_porthor/auth", "/_porthor/anonymous"])
        {
            var before = fixture.Site.Requests;
            var answer = await client.GetAsync(
                path, TestServer.Bearer(token), ("X-Original-URL", "http://example.com/"), ("X-Original-Method", "GET"));
            answer.Body.ShouldNotContain("\"status\"", customMessage: path);
            // Either 404, or a page of the site like any other.
            if (answer.StatusCode == 200)
                fixture.Site.Requests.ShouldBe(before + 1);
            else
                answer.StatusCode.ShouldBe(404);
        }
    }
}
