using System.Text.Json.Nodes;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Proxies.Tests;

/// <summary>What a client hears that may not pass; and that the site hears nothing.</summary>
public sealed class RefusalTests(RefusalTests.DyingToken gate) : IClassFixture<RefusalTests.DyingToken>
{
    /// <summary>A token that has as little time left as one can have when it is made.</summary>
    public sealed class DyingToken : Gate
    {
        internal Token Token { get; private set; } = null!;

        private protected override async Task<TestServer> StartPorthorAsync()
        {
            var server = await base.StartPorthorAsync();
            var session = await server.Tokens.SessionForAsync("dying", "read:all,user:token");
            Token = await server.Tokens.CreateUserTokenAsync(
                session, "dying", new UserTokenRequest("short", ScopeSet.Parse("read:all"), DateTimeOffset.UtcNow.AddSeconds(301)));
            return server;
        }
    }

    private static readonly (string, string) Html = ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");

    [Theory, EveryProxy]
    public async Task Each_refusal_has_its_status_and_its_body(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var token = await gate.LogInAsync("refused");
        var before = gate.Site.Requests;

        var nobody = await visitor.GetAsync("/");
        nobody.ShouldBe(401, """{"detail":{"msg":"Authentication required","type":"no_authorization"}}""");
        nobody.Header("WWW-Authenticate").ShouldBe("Bearer realm=\"example.com\"");
        (await visitor.GetAsync("/", ("X-Requested-With", "XMLHttpRequest"))).ShouldBe(403, nobody.Body);
        (await visitor.SendAsync(HttpMethod.Post, "/", new StringContent("body"), Html)).ShouldBe(401, nobody.Body);

        var invalid = await visitor.GetAsync("/", ("Authorization", "Bearer gt-aaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbb"));
        invalid.ShouldBeRefused(401, "invalid_token", "Token is not valid");
        invalid.Header("WWW-Authenticate").ShouldBe("Bearer realm=\"example.com\", error=\"invalid_token\", error_description=\"Token is not valid\"");

        var malformed = await visitor.GetAsync("/", ("Authorization", "Bearer"));
        malformed.ShouldBeRefused(400, "invalid_request", "Malformed Authorization header");
        malformed.Header("WWW-Authenticate").ShouldBe("Bearer realm=\"example.com\", error=\"invalid_request\", error_description=\"Malformed Authorization header\"");

        var forbidden = await visitor.GetAsync("/admin/", TestServer.Bearer(token));
        forbidden.ShouldBeRefused(403, "insufficient_scope", "Token missing required scope");
        forbidden.Header("WWW-Authenticate")!.ShouldEndWith(", scope=\"admin:token\"");

        (await visitor.SendAsync(HttpMethod.Options, "/")).ShouldBeRefused(404, "options_not_supported", "Non-CORS OPTIONS requests not supported");
        gate.Site.Requests.ShouldBe(before);
    }

    /// <summary>A browser that opens a page gets the refusal as a page, without anything that could run.</summary>
    [Theory, EveryProxy]
    public async Task A_browser_gets_a_page(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var token = await gate.LogInAsync("refused");
        var answer = await visitor.GetAsync("/admin/?a=%3Cscript%3E&b=<script>", TestServer.Bearer(token), Html);
        answer.StatusCode.ShouldBe(403, answer.Body);
        answer.Header("Content-Type").ShouldBe("text/html; charset=utf-8");
        answer.Header("Content-Security-Policy")!.ShouldContain("default-src 'none'");
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        answer.Header("WWW-Authenticate")!.ShouldEndWith(", scope=\"admin:token\"");
        answer.Header("X-Error-Body").ShouldBeNull();
        answer.Body.ShouldContain("<code>admin:token</code>");
        answer.Body.ShouldContain("Sign in as another user");
        answer.Body.ShouldMatch("<strong>(<bdi>)?refused(</bdi>)?</strong>");
        answer.Header("X-Error-User").ShouldBeNull();
        answer.Body.ShouldNotContain("<script");
        var other = await visitor.SendAsync(HttpMethod.Options, "/", content: null, Html);
        other.StatusCode.ShouldBe(404, other.Body);
        other.Header("Content-Type").ShouldBe("text/html; charset=utf-8");
        (await visitor.GetAsync("/admin/", TestServer.Bearer(token), Html, ("X-Requested-With", "XMLHttpRequest")))
            .ShouldBeRefused(403, "insufficient_scope", "Token missing required scope");
    }

    [Theory, EveryProxy]
    public async Task A_token_that_does_not_live_long_enough_is_said_to(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        (await visitor.GetAsync("/", TestServer.Bearer(gate.Token))).StatusCode.ShouldBe(200);
        // Long enough for the site, but not for a token of the service's own, from the next second on.
        Answer answer = null!;
        await RealServers.UntilAsync(async () => (answer = await visitor.GetAsync("/api/", TestServer.Bearer(gate.Token))).StatusCode.ShouldBe(401), "the refusal");
        answer.ShouldBe(401, """{"detail":{"msg":"Remaining token lifetime too short","type":"invalid_token"}}""");
        answer.Header("WWW-Authenticate")!.ShouldContain("Remaining token lifetime too short");
    }

    /// <summary>Nothing is known at the gate about what the site means by a status.</summary>
    [Theory, EveryProxy]
    public async Task The_sites_own_errors_are_its_own(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var token = await gate.LogInAsync("unlucky");
        foreach (var status in (int[])[400, 401, 403, 404, 429, 500, 503])
        {
            var answer = await visitor.GetAsync($"/?status={status}", TestServer.Bearer(token), Html);
            answer.StatusCode.ShouldBe(status);
            answer.Header("X-Site").ShouldBe("here");
            answer.Header("WWW-Authenticate").ShouldBeNull();
            Upstream.Read(answer.Body).Header("X-Auth-Request-User").ShouldBe("unlucky");
        }
    }

    [Theory, EveryProxy]
    public async Task A_browser_is_sent_to_the_login_and_knows_the_way_back(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var before = gate.Site.Requests;
        foreach (var headers in (IEnumerable<(string, string)[]>)[
            [Html], [Html, ("Authorization", "Bearer token")], [Html, gate.Porthor.Cookie(new SessionState { Token = Token.Create() })],
            // Not by what the client says about its address.
            [Html, ("X-Forwarded-Host", "evil.org"), ("X-Forwarded-Uri", "/evil"), ("X-Forwarded-Proto", "https"), ("X-Original-URL", "https://evil.org/")]])
        {
            var answer = await visitor.GetAsync("/some/page?a=1&b=%C3%A9+c", headers);
            answer.StatusCode.ShouldBe(302, answer.Body);
            answer.Header("Location")!.Replace("http://example.com/login", "/login", StringComparison.Ordinal)
                .ShouldBe("/login?rd=http%3A%2F%2Fexample.com%2Fsome%2Fpage%3Fa%3D1%26b%3D%25C3%25A9%2Bc");
            answer.Header("WWW-Authenticate").ShouldBeNull();
        }
        // A script's request ends with what it can understand.
        (await visitor.GetAsync("/", Html, ("X-Requested-With", "XMLHttpRequest"))).StatusCode.ShouldBe(403);
        (await visitor.GetAsync("/", ("Accept", "*/*"))).StatusCode.ShouldBe(401);
        (await visitor.SendAsync(HttpMethod.Head, "/", content: null, Html)).StatusCode.ShouldBe(401);
        gate.Site.Requests.ShouldBe(before);
    }
}

internal static class RefusalAssertions
{
    /// <summary>Refused in Porthor's own words, and without what it says to proxies alone.</summary>
    public static void ShouldBe(this Answer answer, int status, string body)
    {
        answer.StatusCode.ShouldBe(status, answer.Body);
        // NGINX takes the body out of a header, where it is written with blanks.
        JsonNode.DeepEquals(JsonNode.Parse(answer.Body), JsonNode.Parse(body)).ShouldBeTrue(answer.Body);
        answer.Header("Content-Type").ShouldBe("application/json");
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        foreach (var name in (string[])["X-Error-Status", "X-Error-Body", "X-Site", "Location", "X-Auth-Request-User", "Cookie", "Authorization"])
            answer.Header(name).ShouldBeNull();
    }

    public static void ShouldBeRefused(this Answer answer, int status, string type, string message) =>
        answer.ShouldBe(status, $$"""{"detail":[{"msg":"{{message}}","type":"{{type}}"}]}""");
}
