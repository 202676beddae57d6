using Porthor.Identity;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Proxies.Tests;

/// <summary>The responses to denied requests. The site does not receive the requests.</summary>
public sealed class DenialTests(DenialTests.ShortLivedTokenFixture fixture, DenialTests.UntrustedProxyFixture untrusted)
    : IClassFixture<DenialTests.ShortLivedTokenFixture>, IClassFixture<DenialTests.UntrustedProxyFixture>
{
    /// <summary>A server whose setting <c>proxies</c> does not contain the proxy, so that forward authentication answers 422.</summary>
    public sealed class UntrustedProxyFixture : ProxyFixture
    {
        private protected override Task<TestServer> StartPorthorAsync() =>
            TestServer.StartAsync(Mode.Embedded, settings => Configure(settings) with { Proxies = [AddressBlock.Parse("192.0.2.1/32")] });
    }

    /// <summary>The fixture with a token whose lifetime, when it is created, is the minimum.</summary>
    public sealed class ShortLivedTokenFixture : ProxyFixture
    {
        internal Token Token { get; private set; } = null!;

        private protected override async Task<TestServer> StartPorthorAsync()
        {
            var server = await base.StartPorthorAsync();
            var session = await server.Tokens.SessionForAsync("expiring", "read:all,user:token");
            Token = await server.Tokens.CreateUserTokenAsync(
                session, "expiring", new UserTokenRequest("short", ScopeSet.Parse("read:all"), DateTimeOffset.UtcNow.AddSeconds(301)));
            return server;
        }
    }

    private static readonly (string, string) Html = ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");

    [Theory, EveryProxy]
    public async Task Each_denial_has_its_status_and_body(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var token = await fixture.LogInAsync("refused");
        var before = fixture.Site.Requests;

        var nobody = await client.GetAsync("/");
        nobody.ShouldBe(401, """{"detail":{"msg":"Authentication required","type":"no_authorization"}}""");
        nobody.Header("WWW-Authenticate").ShouldBe("Bearer realm=\"example.com\"");
        (await client.GetAsync("/", ("X-Requested-With", "XMLHttpRequest"))).ShouldBe(403, nobody.Body);
        (await client.SendAsync(HttpMethod.Post, "/", new StringContent("body"), Html)).ShouldBe(401, nobody.Body);

        var invalid = await client.GetAsync("/", ("Authorization", "Bearer gt-aaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbb"));
        invalid.ShouldBeError(401, "invalid_token", "Token is not valid");
        invalid.Header("WWW-Authenticate").ShouldBe(
            "Bearer realm=\"example.com\", error=\"invalid_token\", error_description=\"Token is not valid\"");

        var malformed = await client.GetAsync("/", ("Authorization", "Bearer"));
        malformed.ShouldBeError(400, "invalid_request", "Malformed Authorization header");
        malformed.Header("WWW-Authenticate").ShouldBe(
            "Bearer realm=\"example.com\", error=\"invalid_request\", error_description=\"Malformed Authorization header\"");

        var forbidden = await client.GetAsync("/admin/", TestServer.Bearer(token));
        forbidden.ShouldBeError(403, "insufficient_scope", "Token missing required scope");
        forbidden.Header("WWW-Authenticate")!.ShouldEndWith(", scope=\"admin:token\"");

        (await client.SendAsync(HttpMethod.Options, "/")).ShouldBeError(
            404, "options_not_supported", "Non-CORS OPTIONS requests not supported");
        fixture.Site.Requests.ShouldBe(before);
    }

    /// <summary>A browser that requests a page gets the error as an HTML page without active content.</summary>
    [Theory, EveryProxy]
    public async Task A_browser_gets_an_HTML_page(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var token = await fixture.LogInAsync("refused");
        var answer = await client.GetAsync("/admin/?a=%3Cscript%3E&b=<script>", TestServer.Bearer(token), Html);
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
        var other = await client.SendAsync(HttpMethod.Options, "/", content: null, Html);
        other.StatusCode.ShouldBe(404, other.Body);
        other.Header("Content-Type").ShouldBe("text/html; charset=utf-8");
        (await client.GetAsync("/admin/", TestServer.Bearer(token), Html, ("X-Requested-With", "XMLHttpRequest")))
            .ShouldBeError(403, "insufficient_scope", "Token missing required scope");
    }

    [Theory, EveryProxy]
    public async Task A_browser_gets_an_HTML_page_if_it_made_too_many_requests(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var username = $"fast-{proxy}".ToLowerInvariant();
        var token = await fixture.LogInAsync(username, userData: UserData.None with { Groups = [new Group("slow", 1000)] });
        // Two requests per minute are allowed; a new minute can begin in between.
        Answer answer = null!;
        for (var i = 0; i < 8 && answer?.StatusCode != 429; i++)
            answer = await client.GetAsync("/api/", TestServer.Bearer(token), Html);
        (answer!.StatusCode, answer.Header("Content-Type"), answer.Header("Cache-Control")).ShouldBe(
            (429, "text/html; charset=utf-8", "no-cache, no-store"));
        answer.Header("Content-Security-Policy")!.ShouldContain("default-src 'none'");
        answer.Header("Retry-After")!.ShouldEndWith(" GMT");
        answer.Header("X-RateLimit-Limit").ShouldBe("2");
        answer.Body.ShouldContain("<h1>Too many requests</h1>");
        answer.Body.ShouldContain(username);
    }

    /// <summary>Porthor answers 422 if the rule or the setting <c>proxies</c> has an error. NGINX turns it into 500.</summary>
    [Theory, EveryProxy]
    public async Task An_error_in_the_configuration_is_a_page_for_browsers(Proxy proxy)
    {
        const string rule = "scope=read:all&service=site\"";
        await using var nginx = proxy != Proxy.Nginx ? null
            : await ProxyProcess.StartNginxAsync(fixture.Porthor.Url.Authority, fixture.SiteAddress, site =>
            {
                site.ShouldContain(rule);
                return site.Replace(rule, "scope=read:all&satisfy=some\"", StringComparison.Ordinal);
            });
        ProxyFixture server = nginx is null ? untrusted : fixture;
        var client = nginx is null ? await untrusted.ConnectAsync(proxy) : new SiteClient(fixture, nginx.Port);
        var bearer = TestServer.Bearer(await server.LogInAsync("misled"));
        var status = nginx is null ? 422 : 500;
        var before = server.Site.Requests;
        var page = await client.GetAsync("/", bearer, Html);
        (page.StatusCode, page.Header("Content-Type")).ShouldBe((status, "text/html; charset=utf-8"), page.Body);
        page.Header("Content-Security-Policy")!.ShouldContain("default-src 'none'");
        page.Body.ShouldContain("<h1>");
        var other = await client.GetAsync("/", bearer);
        (other.StatusCode, other.Header("Content-Type")).ShouldBe((status, "application/json"), other.Body);
        other.Body.ShouldStartWith("{\"detail\":");
        server.Site.Requests.ShouldBe(before);
    }

    [Theory, EveryProxy]
    public async Task A_token_with_too_little_lifetime_gets_an_error(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        (await client.GetAsync("/", TestServer.Bearer(fixture.Token))).StatusCode.ShouldBe(200);
        // The lifetime is sufficient for the site, but after one second no longer for a delegated token.
        Answer answer = null!;
        await RealServers.WaitUntilAsync(
            async () => (answer = await client.GetAsync("/api/", TestServer.Bearer(fixture.Token))).StatusCode.ShouldBe(401),
            "the refusal");
        answer.ShouldBe(401, """{"detail":{"msg":"Remaining token lifetime too short","type":"invalid_token"}}""");
        answer.Header("WWW-Authenticate")!.ShouldContain("Remaining token lifetime too short");
    }

    /// <summary>Porthor and the proxy do not change error responses of the site.</summary>
    [Theory, EveryProxy]
    public async Task Error_responses_of_the_site_are_unchanged(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var token = await fixture.LogInAsync("unlucky");
        foreach (var status in (int[])[400, 401, 403, 404, 429, 500, 503])
        {
            var answer = await client.GetAsync($"/?status={status}", TestServer.Bearer(token), Html);
            answer.StatusCode.ShouldBe(status);
            answer.Header("X-Site").ShouldBe("here");
            answer.Header("WWW-Authenticate").ShouldBeNull();
            Upstream.Read(answer.Body).Header("X-Auth-Request-User").ShouldBe("unlucky");
        }
    }

    [Theory, EveryProxy]
    public async Task A_browser_is_redirected_to_the_login_with_a_return_URL(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var before = fixture.Site.Requests;
        foreach (var headers in (IEnumerable<(string, string)[]>)[
            [Html], [Html, ("Authorization", "Bearer token")], [Html, fixture.Porthor.Cookie(new SessionState { Token = Token.Create() })],
            // The client cannot influence the return URL with headers.
            [Html, ("X-Forwarded-Host", "evil.org"), ("X-Forwarded-Uri", "/evil"), ("X-Forwarded-Proto", "https"),
                ("X-Original-URL", "https://evil.org/")]])
        {
            var answer = await client.GetAsync("/some/page?a=1&b=%C3%A9+c", headers);
            answer.StatusCode.ShouldBe(302, answer.Body);
            answer.Header("Location")!.Replace("http://example.com/login", "/login", StringComparison.Ordinal)
                .ShouldBe("/login?rd=http%3A%2F%2Fexample.com%2Fsome%2Fpage%3Fa%3D1%26b%3D%25C3%25A9%2Bc");
            answer.Header("WWW-Authenticate").ShouldBeNull();
        }
        // A request of a script gets an error instead of a redirect.
        (await client.GetAsync("/", Html, ("X-Requested-With", "XMLHttpRequest"))).StatusCode.ShouldBe(403);
        (await client.GetAsync("/", ("Accept", "*/*"))).StatusCode.ShouldBe(401);
        (await client.SendAsync(HttpMethod.Head, "/", content: null, Html)).StatusCode.ShouldBe(401);
        fixture.Site.Requests.ShouldBe(before);
    }
}
