using Porthor.Identity;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Proxies.Tests;

/// <summary>What reaches the site of a request that may pass, and what comes back.</summary>
public sealed class PassingTests(Gate gate) : IClassFixture<Gate>
{
    [Theory, EveryProxy]
    public async Task The_site_learns_who_it_is_and_gets_no_token(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var username = $"someone-{proxy}".ToLowerInvariant();
        var token = await gate.LogInAsync(username);
        var answer = await visitor.GetAsync(
            "/some/page?a=1&b=%2F", TestServer.Bearer(token), ("Cookie", "gafaelfawr=gt-x; _other=y"), ("X-Custom", "kept"), ("User-Agent", "visitor/1.0"));
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
        arrived.Header("User-Agent").ShouldBe("visitor/1.0");
        arrived.Header("Host").ShouldBe("example.com");
        arrived.Header("X-Forwarded-For").ShouldBe(Gate.ClientAddress);
        arrived.Header("X-Forwarded-Proto").ShouldBe("http");
        arrived.Header("X-Forwarded-Host").ShouldBe("example.com");
        (await gate.LastLineAsync(username, "Token authorized")).GetProperty("httpRequest").GetProperty("remoteIp").GetString().ShouldBe(Gate.ClientAddress);
        (await gate.LastLineAsync(username, "Token authorized")).GetProperty("auth_uri").GetString().ShouldBe("http://example.com/some/page?a=1&b=%2F");
    }

    [Theory, EveryProxy]
    public async Task A_session_cookie_passes_and_stays_here(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var (name, cookie) = gate.Porthor.Cookie(new SessionState { Token = await gate.LogInAsync("browsing") });
        var only = Upstream.Read((await visitor.GetAsync("/", (name, cookie))).Body);
        only.Header("X-Auth-Request-User").ShouldBe("browsing");
        only.Header("Cookie").ShouldBeNull();

        // The application's own cookies and credentials are its own.
        var mixed = Upstream.Read((await visitor.GetAsync("/", (name, $"first=1; {cookie}; last=2"), ("Authorization", "token the-applications"))).Body);
        mixed.Header("X-Auth-Request-User").ShouldBe("browsing");
        mixed.Header("Cookie").ShouldBe("first=1; last=2");
        mixed.Header("Authorization").ShouldBe("token the-applications");
    }

    [Theory, EveryProxy]
    public async Task The_service_gets_a_token_of_its_own_and_never_the_users(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var token = await gate.LogInAsync("delegating", "read:all,user:token");
        var answer = await visitor.GetAsync("/api/x", TestServer.Bearer(token));
        answer.Body.ShouldNotContain(token.Reveal());
        var arrived = Upstream.Read(answer.Body);
        arrived.Header("Authorization").ShouldBeNull();
        var child = await gate.Porthor.Tokens.GetDataAsync(Token.Parse(arrived.Header("X-Auth-Request-Token")!));
        (child!.TokenType, child.Username, child.Service, child.Scopes.ToString()).ShouldBe((TokenType.Internal, "delegating", "api", "read:all"));
        // It is the site's: the client does not see it.
        answer.Headers.Keys.ShouldNotContain("X-Auth-Request-Token", StringComparer.OrdinalIgnoreCase);

        // A service's token says whose it is.
        var asService = Upstream.Read((await visitor.GetAsync("/", ("Authorization", $"Bearer {arrived.Header("X-Auth-Request-Token")}"))).Body);
        asService.Header("X-Auth-Request-Service").ShouldBe("api");
    }

    [Theory, EveryProxy]
    public async Task A_client_learns_how_many_requests_are_left(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var token = await gate.LogInAsync($"slow-{proxy}".ToLowerInvariant(), userData: UserData.None with { Groups = [new Group("slow", 1000)] });
        var answer = await visitor.GetAsync("/api/", TestServer.Bearer(token));
        answer.StatusCode.ShouldBe(200, answer.Body);
        (answer.Header("X-RateLimit-Limit"), answer.Header("X-RateLimit-Remaining"), answer.Header("X-RateLimit-Used"), answer.Header("X-RateLimit-Resource"))
            .ShouldBe(("2", "1", "1", "api"));
        answer.Header("X-RateLimit-Reset").ShouldNotBeNullOrEmpty();
        (await visitor.GetAsync("/api/", TestServer.Bearer(token))).Header("X-RateLimit-Remaining").ShouldBe("0");
        var refused = await visitor.GetAsync("/api/", TestServer.Bearer(token));
        refused.ShouldBeRefused(429, "rate_limited", "Rate limit (2/minute) exceeded");
        (refused.Header("X-RateLimit-Limit"), refused.Header("X-RateLimit-Remaining")).ShouldBe(("2", "0"));
        refused.Header("Retry-After")!.ShouldEndWith(" GMT");
    }

    [Theory, EveryProxy]
    public async Task Everybody_may_see_what_is_public_and_our_tokens_stay_out_of_it(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var token = await gate.LogInAsync("public");
        var nobody = Upstream.Read((await visitor.GetAsync("/public/page")).Body);
        nobody.Header("X-Auth-Request-User").ShouldBeNull();
        var somebody = Upstream.Read((await visitor.GetAsync("/public/page", TestServer.Bearer(token), ("Cookie", "gafaelfawr=x; a=b"))).Body);
        somebody.Header("X-Auth-Request-User").ShouldBeNull();
        somebody.Header("Authorization").ShouldBeNull();
        somebody.Header("Cookie").ShouldBe("a=b");
        var own = Upstream.Read((await visitor.GetAsync("/public/page", ("Authorization", "Basic Zm9vOmJhcg=="))).Body);
        own.Header("Authorization").ShouldBe("Basic Zm9vOmJhcg==");
    }

    /// <summary>Porthor's pages are reached through the proxy, with the client's address; what it answers proxies is not.</summary>
    [Theory, EveryProxy]
    public async Task Porthors_own_pages_are_published_and_its_answers_to_proxies_are_not(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var username = $"owner-{proxy}".ToLowerInvariant();
        var token = await gate.LogInAsync(username, "read:all,user:token");
        var created = await visitor.SendAsync(
            HttpMethod.Post, $"/auth/api/v1/users/{username}/tokens", new StringContent("""{"token_name":"laptop"}""", null, "application/json"),
            TestServer.Bearer(token), ("X-Forwarded-For", "203.0.113.66"));
        created.StatusCode.ShouldBe(201, created.Body);
        var history = await visitor.GetAsync($"/auth/api/v1/users/{username}/token-change-history?limit=1", TestServer.Bearer(token));
        history.Json[0].GetProperty("ip_address").GetString().ShouldBe(Gate.ClientAddress);

        foreach (var path in (string[])["/ingress/auth", "/ingress/forward", "/ingress/anonymous", "/health", "/health/live", "/health/ready", "/metrics", "/_porthor/auth", "/_porthor/anonymous"])
        {
            var before = gate.Site.Requests;
            var answer = await visitor.GetAsync(path, TestServer.Bearer(token), ("X-Original-URL", "http://example.com/"), ("X-Original-Method", "GET"));
            answer.Body.ShouldNotContain("\"status\"", customMessage: path);
            // Either it is nothing, or a page of the site like any other.
            if (answer.StatusCode == 200)
                gate.Site.Requests.ShouldBe(before + 1);
            else
                answer.StatusCode.ShouldBe(404);
        }
    }
}
