using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Ingress;

/// <summary>Servers at <c>http://[::1]:8080</c>, configured in another form of the address.</summary>
public sealed class Ipv6Servers : ApiServers
{
    internal override PorthorSettings Configure(PorthorSettings settings) => ForwardServers.TrustLoopback(settings) with
    {
        BaseUrl = new Uri("http://[0:0:0:0:0:0:0:1]:8080"),
        AllowSubdomains = true,
    };
}

/// <summary>A base URL with an IPv6 address: the brackets belong to the URL and the Origin header, but not to the address.</summary>
public sealed class Ipv6BaseUrlTests(Ipv6Servers servers) : IClassFixture<Ipv6Servers>
{
    private static readonly (string, string) Html = ("Accept", "text/html");
    private static readonly (string, string) Requested = ("Access-Control-Request-Method", "PUT");

    [Theory, EveryMode]
    public async Task A_preflight_from_the_same_origin_is_allowed(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        foreach (var (origin, status) in (IEnumerable<(string, int)>)[
            ("http://[::1]:8080", 200), ("http://[0:0:0:0:0:0:0:1]:8080", 200), ("http://[::2]:8080", 403), ("http://::1:8080", 403),
            ("http://[::1].evil.org", 403)])
        {
            (await server.AuthorizeAsync("", "http://[::1]:8080/", "OPTIONS", Requested, ("Origin", origin)))
                .StatusCode.ShouldBe(status, origin);
            (await server.SendAsync(
                HttpMethod.Get, "/ingress/forward", json: null, [.. ForwardedHeaders("/", "OPTIONS"), Requested, ("Origin", origin)]))
                .StatusCode.ShouldBe(status, origin);
        }
    }

    [Theory, EveryMode]
    public async Task Forward_authentication_redirects_to_the_login(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var sent = await server.SendAsync(HttpMethod.Get, "/ingress/forward", json: null, [.. ForwardedHeaders("/x"), Html]);
        sent.StatusCode.ShouldBe(302, sent.Body);
        sent.Header("Location").ShouldBe("/login?rd=http%3A%2F%2F%5B%3A%3A1%5D%3A8080%2Fx");
        (await server.SendAsync(
            HttpMethod.Get, "/ingress/forward", json: null,
            [.. ForwardedHeaders("/x", host: "[::2]:8080"), Html])).StatusCode.ShouldBe(401);

        // Both forms are the same host; another host is rejected.
        (await server.SendAsync(HttpMethod.Get, "/logout?rd=http://[::1]:8080/x")).StatusCode.ShouldBe(307);
        (await server.SendAsync(HttpMethod.Get, "/logout?rd=http://[0:0:0:0:0:0:0:1]:8080/x")).StatusCode.ShouldBe(307);
        (await server.SendAsync(HttpMethod.Get, "/logout?rd=http://[::2]:8080/x")).StatusCode.ShouldBe(422);
    }

    [Theory, EveryMode]
    public async Task WebSockets_and_cookies_use_the_configured_address(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("six");
        foreach (var (origin, status) in (IEnumerable<(string, int)>)[("http://[::1]:8080", 200), ("http://[::2]:8080", 403)])
        {
            (await server.AuthorizeAsync("", "http://[::1]:8080/", "GET", browser.Cookie, ("Upgrade", "websocket"), ("Origin", origin)))
                .StatusCode.ShouldBe(status, origin);
        }
        // Browsers reject a cookie with an IPv6 address in Domain.
        (await server.SendAsync(
            HttpMethod.Get, "/auth/tokens", json: null, browser.Cookie)).Header("Set-Cookie")?.ShouldNotContain("Domain");
        (await server.SendAsync(HttpMethod.Get, "/logout", json: null, browser.Cookie)).Header("Set-Cookie")!.ShouldNotContain("Domain");
    }

    [Theory]
    [InlineData("[::1]", "::1")]
    [InlineData("[0:0:0:0:0:0:0:1]", "::1")]
    [InlineData("[FE80::A]", "fe80::a")]
    [InlineData("[::ffff:192.0.2.1]", "::ffff:192.0.2.1")]
    [InlineData("EXAMPLE.com", "example.com")]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("[:::]", null)]
    [InlineData("[]", null)]
    [InlineData("[1.2.3.4]", null)]
    public void Both_parsers_return_the_same_host(string text, string? expected)
    {
        HostName.Parse(text).ShouldBe(expected);
        if (expected is not null)
            HostName.Of(new Uri($"http://{text}:8080/x")).ShouldBe(expected);
    }

    private static (string, string)[] ForwardedHeaders(string uri, string method = "GET", string host = "[::1]:8080") =>
        ForwardExtensions.ForwardedHeaders(method, uri, host, "http");
}
