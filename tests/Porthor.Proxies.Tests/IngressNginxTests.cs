using Porthor.Identity;
using Porthor.Sessions;
using Porthor.Testing;
using YamlDotNet.RepresentationModel;

namespace Porthor.Proxies.Tests;

/// <summary>
/// The annotations and snippets for ingress-nginx, in an NGINX configuration that is assembled from them as the controller does it: a
/// location for the authorization subrequest, one for the redirect to the login, and the snippets.
/// </summary>
public sealed partial class IngressNginxTests(ProxyFixture fixture, RawProxyFixture raw, UnavailableTests.StoppedServerFixture stopped)
    : IClassFixture<ProxyFixture>, IClassFixture<RawProxyFixture>, IClassFixture<UnavailableTests.StoppedServerFixture>
{
    private const string Prefix = "nginx.ingress.kubernetes.io/";

    private static readonly YamlNode[] Ingresses = [.. DeployedYaml.Read("nginx/kubernetes/ingress.yaml")];

    private static readonly YamlNode Settings = DeployedYaml.Read("nginx/kubernetes/controller.yaml").Single().At("controller", "config");

    [Fact]
    public async Task Only_allowed_requests_reach_the_site()
    {
        Prerequisites.SkipWhen(ProxyProcess.SkipReason(Proxy.Nginx));
        await using var proxy = await StartAsync(fixture);
        var client = new SiteClient(fixture, proxy.Port);
        var bearer = TestServer.Bearer(await fixture.LogInAsync("cluster-user"));

        var allowed = await client.GetAsync(
            "/page", bearer, ("Cookie", "gafaelfawr=x; a=b"), ("X-Auth-Request-User", "root"), ("X-Auth-Request-Groups", "wheel"),
            ("X_Auth_Request_User", "root"));
        allowed.StatusCode.ShouldBe(200, allowed.Body);
        var arrived = Upstream.Read(allowed.Body);
        arrived.Header("X-Auth-Request-User").ShouldBe("cluster-user");
        arrived.Header("X-Auth-Request-Groups").ShouldBeNull();
        arrived.Header("X_Auth_Request_User").ShouldBeNull();
        arrived.Header("Authorization").ShouldBeNull();
        arrived.Header("Cookie").ShouldBe("a=b");

        var requestsBefore = fixture.Site.Requests;
        var nobody = await client.GetAsync("/");
        (nobody.StatusCode, nobody.Header("Location")).ShouldBe((302, "https://example.com/login?rd=http://example.com/"));
        (await client.GetAsync("/", ("X-Requested-With", "XMLHttpRequest"))).ShouldBe(
            403, """{"detail":{"msg":"Authentication required","type":"no_authorization"}}""");
        (await client.GetAsync("/", ("Authorization", "Bearer"))).ShouldBeError(400, "invalid_request", "Malformed Authorization header");
        (await client.SendAsync(HttpMethod.Options, "/")).ShouldBeError(
            404, "options_not_supported", "Non-CORS OPTIONS requests not supported");
        var other = TestServer.Bearer(await fixture.LogInAsync("cluster-other", "user:token"));
        var forbidden = await client.GetAsync("/", other);
        forbidden.ShouldBeError(403, "insufficient_scope", "Token missing required scope");
        forbidden.Header("WWW-Authenticate")!.ShouldEndWith(", scope=\"read:all\"");
        var page = await client.GetAsync("/", other, ("Accept", "text/html"));
        (page.StatusCode, page.Header("Content-Type")).ShouldBe((403, "text/html; charset=utf-8"), page.Body);
        page.Body.ShouldContain("<h1>Access denied</h1>");
        (await client.GetAsync("/", other, ("Accept", "text/html"), ("X-Requested-With", "XMLHttpRequest"))).ShouldBeError(
            403, "insufficient_scope", "Token missing required scope");
        fixture.Site.Requests.ShouldBe(requestsBefore);

        // Errors of the site are forwarded unchanged.
        foreach (var status in (int[])[403, 500])
            (await client.GetAsync($"/?status={status}", bearer)).Header("X-Site").ShouldBe("here");
        (await client.GetAsync("/public/", bearer)).StatusCode.ShouldBe(200);
        Upstream.Read((await client.GetAsync("/public/", bearer)).Body).Header("Authorization").ShouldBeNull();
    }

    [Fact]
    public async Task A_client_gets_the_remaining_quota_and_the_time_to_retry()
    {
        Prerequisites.SkipWhen(ProxyProcess.SkipReason(Proxy.Nginx));
        await using var proxy = await StartAsync(fixture, url => url.Replace("service=site", "service=api", StringComparison.Ordinal));
        var client = new SiteClient(fixture, proxy.Port);
        var slow = TestServer.Bearer(
            await fixture.LogInAsync("cluster-slow", userData: UserData.None with { Groups = [new Group("slow", 1000)] }));
        (await client.GetAsync("/", slow)).Header("X-RateLimit-Remaining").ShouldBe("1");
        await client.GetAsync("/", slow);
        var refused = await client.GetAsync("/", slow);
        refused.ShouldBeError(429, "rate_limited", "Rate limit (2/minute) exceeded");
        refused.Header("Retry-After")!.ShouldEndWith(" GMT");
        refused.Header("X-RateLimit-Limit").ShouldBe("2");
    }

    [Fact]
    public async Task Without_Porthor_the_answer_is_503()
    {
        Prerequisites.SkipWhen(ProxyProcess.SkipReason(Proxy.Nginx));
        await using var proxy = await StartAsync(stopped);
        var client = new SiteClient(stopped, proxy.Port);
        (await client.GetAsync("/", ("Authorization", "Bearer x"))).ShouldBeError(
            503, "store_unavailable", "Authorization is not available");
        var page = await client.GetAsync("/", ("Accept", "text/html"));
        (page.StatusCode, page.Header("Content-Type")).ShouldBe((503, "text/html; charset=utf-8"));
        page.Body.ShouldContain("<h1>Not available</h1>");
        stopped.Site.Requests.ShouldBe(0);
    }

    /// <summary>Several Cookie headers are one list of cookies, which can be larger than NGINX's default for a response header.</summary>
    [Fact]
    public async Task Cookies_and_forged_headers_are_read_as_by_the_other_proxies()
    {
        Prerequisites.SkipWhen(ProxyProcess.SkipReason(Proxy.Nginx));
        await using var proxy = await StartAsync(raw);
        var client = new RawClient(proxy.Port);
        var token = await raw.LogInAsync("cluster-cookies");
        var cookie = $"Cookie: {raw.Porthor.Cookie(new SessionState { Token = token }).Item2}";
        var large = new string('x', 10_000);
        string[] forged = ["X-Forwarded-User: root", "X-Forwarded-Email: root", "X-Forwarded-Groups: root",
            "X-Forwarded-Preferred-Username: root", "X-Forwarded-Access-Token: root"];
        foreach (var path in (string[])["/", "/public/"])
        {
            var arrived = (await client.GetAsync(path, ["Cookie: a=1", cookie, $"Cookie: b={large}", .. forged])).AtSite();
            arrived.Values("Cookie").ShouldBe([$"a=1; b={large}"], path);
            arrived.Values("X-Auth-Request-User").ShouldBe(path == "/" ? ["cluster-cookies"] : [], path);
            arrived.Lines.ShouldAllBe(line => !line.Contains("root"));
        }
        (await client.GetAsync("/auth/tokens", forged)).AtSite().Lines.ShouldAllBe(line => !line.Contains("root"));

        // A WebSocket handshake with a cookie is allowed only from the site's own pages.
        string[] handshake = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", cookie];
        foreach (var origin in (string[])["https://evil.example", "null", "http://example.com.evil.example"])
            (await client.GetAsync("/socket", [.. handshake, $"Origin: {origin}"])).Status.ShouldBe(403, origin);
        (await client.GetAsync("/socket", [.. handshake, "Origin: http://example.com"])).Status.ShouldBe(101);
    }

    [Fact]
    public async Task The_snippets_reject_ambiguous_requests_and_remove_headers()
    {
        Prerequisites.SkipWhen(ProxyProcess.SkipReason(Proxy.Nginx));
        await using var proxy = await StartAsync(raw);
        var client = new RawClient(proxy.Port);
        var bearer = $"Authorization: Bearer {(await raw.LogInAsync("cluster-raw")).Reveal()}";
        // The tests of this class share the site.
        var arrivedBefore = raw.RawSite.Requests.Count;
        foreach (var path in RequestTargetTests.Ambiguous)
            (await client.GetAsync(path, bearer)).Status.ShouldBe(400, path);
        foreach (var host in (string[])["a.example.com,b.example.com", "example.com/x", ""])
            (await client.SendAsync("GET / HTTP/1.1", $"Host: {host}", bearer)).Status.ShouldBe(400, host);
        (await client.SendAsync("GET http://example.com/ HTTP/1.1", "Host: evil.org", bearer)).Status.ShouldBe(400);
        // The line for a path with parameters, which controller.yaml contains as a comment.
        foreach (var path in (string[])["/admin;x", "/admin;x/y", "/%61dmin%3Bx"])
            (await client.GetAsync(path, bearer)).Status.ShouldBe(400, path);
        raw.RawSite.Requests.Count.ShouldBe(arrivedBefore);

        foreach (var path in (string[])["/", "/public/", "/auth/tokens"])
        {
            foreach (var offer in (string[][])[
                ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"],
                ["Connection: Upgrade", "Upgrade: h2c, websocket"], ["Connection: Upgrade", "Upgrade: h2c", "Upgrade: websocket"],
                ["Connection: close, X-Auth-Request-User, X-Forwarded-For"], ["Proxy-Authorization: Bearer x"]])
            {
                var arrived =
                    (await client.GetAsync(
                        path, [bearer, .. offer, "X.Auth.Request.User: root", "X-Original-Upgrade: websocket"])).AtSite();
                foreach (var name in (string[])["Upgrade", "HTTP2-Settings", "Connection", "X-Original-Upgrade", "Proxy-Authorization"])
                    arrived.Variables(name).ShouldBeEmpty($"{path} {offer[0]} {name}");
                arrived.Variables("X-Auth-Request-User").ShouldBe(path == "/" ? ["cluster-raw"] : []);
            }
        }
        // A handshake is recognized by its key, so another protocol in the list is not forwarded.
        foreach (var upgrade in (string[])["websocket", "WebSocket", "h2c", "h2c, websocket"])
        {
            var opened = await client.GetAsync(
                "/public/socket", "Connection: Upgrade", $"Upgrade: {upgrade}", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");
            opened.Status.ShouldBe(101, opened.Head + opened.Body);
            raw.RawSite.Requests.Last().Values("Upgrade").ShouldBe(["websocket"]);
            raw.RawSite.Requests.Last().Values("Connection").ShouldBe(["upgrade"]);
        }
    }
}
