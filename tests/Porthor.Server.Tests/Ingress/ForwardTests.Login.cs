using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

public sealed partial class ForwardTests
{
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
}
