using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Ingress;

/// <summary>A foreign page must not open a WebSocket with the user's cookie (RFC 6455 section 10.2; deviations 37).</summary>
public sealed class WebSocketTests(WebSocketTests.AllowedOriginServers servers) : IClassFixture<WebSocketTests.AllowedOriginServers>
{
    public sealed class AllowedOriginServers : IngressServers
    {
        internal override PorthorSettings Configure(PorthorSettings settings) => ForwardServers.TrustLoopback(base.Configure(settings)) with
        {
            AllowSubdomains = true,
            AllowedOrigins = [WebOrigin.TryParse("https://friend.example.net")!.Value,
                WebOrigin.TryParse("https://friend.example.net:8443")!.Value],
        };
    }

    private static readonly (string, string)[] Handshakes =
    [
        ("X-Original-Upgrade", "websocket"), ("X-Original-Upgrade", "WebSocket, foo"), ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"), ("Sec-Fetch-Mode", "websocket"),
    ];

    [Fact]
    public async Task A_handshake_from_a_foreign_page_is_denied()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("socket", "read:all");
        foreach (var credential in ((string, string)[])[browser.Cookie, TestServer.Basic(browser.Session.Reveal(), "x")])
        {
            foreach (var handshake in Handshakes)
            {
                foreach (var origin in (string[])["https://evil.example", "null", "", "https://other.example.com", "http://app.example.com",
                    "https://app.example.com:444",
                    "https://app.example.com.evil.example", "https://app.example.com@evil.example", "https://friend.example.net:444",
                    "https://app.example.com/x", "\u00ff"])
                {
                    foreach (var answer in (Answer[])[await AuthorizeAsync(server, credential, handshake, ("Origin", origin)),
                        await ForwardAsync(server, credential, handshake, ("Origin", origin))])
                    {
                        answer.StatusCode.ShouldBe(403, $"{handshake} {origin}");
                        answer.DetailType.ShouldBe("permission_denied");
                        answer.Header("X-Auth-Request-User").ShouldBeNull();
                    }
                }
            }
        }
        var lineCount = server.CountLines();
        (await AuthorizeAsync(server, browser.Cookie, ("Upgrade", "websocket"), ("Origin", "https://evil.example")))
            .Header("X-Error-Status")
            .ShouldBe("403");
        server.LinesSince(lineCount, "Cross-origin request not allowed").Single().GetProperty("error").GetString()
            .ShouldBe("WebSocket handshake from https://evil.example not allowed. To allow it, add the origin to allowedOrigins.");
        // Two Origin headers are invalid.
        (await server.SendLineAsync(
            "GET /ingress/auth?scope=read:all HTTP/1.1", OriginalRequest, ("X-Original-Method", "GET"), browser.Cookie,
            ("Upgrade", "websocket"), ("Origin", "https://app.example.com"), ("Origin", "https://evil.example")))!
            .StatusCode.ShouldBe(403);
    }

    [Fact]
    public async Task A_handshake_from_an_allowed_origin_or_without_a_browser_is_allowed()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("own-socket", "read:all");
        foreach (var origin in (string[])["https://app.example.com", "https://example.com", "https://EXAMPLE.com:443",
            "https://friend.example.net", "https://friend.example.net:8443"])
        {
            foreach (var handshake in Handshakes)
            {
                (await AuthorizeAsync(server, browser.Cookie, handshake, ("Origin", origin))).StatusCode.ShouldBe(200, origin);
                (await ForwardAsync(server, browser.Cookie, handshake, ("Origin", origin))).StatusCode.ShouldBe(200, origin);
            }
        }
        // A page cannot send a Bearer token that it does not have, and other clients send no Origin header.
        (await AuthorizeAsync(
            server, TestServer.Bearer(browser.Session), ("Upgrade", "websocket"),
            ("Origin", "https://evil.example"))).StatusCode.ShouldBe(200);
        (await AuthorizeAsync(server, browser.Cookie, ("Upgrade", "websocket"))).StatusCode.ShouldBe(200);
        // Other requests are not affected, and neither are handshakes without credentials.
        (await AuthorizeAsync(server, browser.Cookie, ("Origin", "https://evil.example"))).StatusCode.ShouldBe(200);
        (await AuthorizeAsync(server, browser.Cookie, ("Upgrade", "h2c"), ("Origin", "https://evil.example"))).StatusCode.ShouldBe(200);
        (await AuthorizeAsync(server, ("Upgrade", "websocket"), ("Origin", "https://evil.example"))).ShouldBeChallengedWithoutError();
    }

    /// <summary>TLS can end in front of the proxy, which then uses http in the URL.</summary>
    [Theory]
    [InlineData("http://app.example.com/ws", "https://app.example.com", 200)]
    [InlineData("http://app.example.com:8443/ws", "https://app.example.com:8443", 200)]
    [InlineData("https://app.example.com/ws", "http://app.example.com", 403)]
    [InlineData("http://[2001:db8::1]:8080/ws", "http://[2001:db8::1]:8080", 200)]
    [InlineData("http://[2001:db8::1]:8080/ws", "http://[2001:db8::2]:8080", 403)]
    [InlineData("nonsense", "https://app.example.com", 403)]
    public async Task The_origin_is_compared_with_the_URL_of_the_proxy(string url, string origin, int status)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("tls-socket", "read:all");
        (await server.AuthorizeAsync(
            "?scope=read:all", url, "GET", browser.Cookie, ("Upgrade", "websocket"), ("Origin", origin))).StatusCode.ShouldBe(status);
    }

    private static readonly (string, string) OriginalRequest = ("X-Original-URL", "https://app.example.com/ws");

    private static Task<Answer> AuthorizeAsync(ApiServer server, params (string, string)[] headers) =>
        server.AuthorizeAsync("?scope=read:all", OriginalRequest.Item2, "GET", headers);

    private static Task<Answer> ForwardAsync(ApiServer server, params (string, string)[] headers) =>
        server.SendAsync(HttpMethod.Get, "/ingress/forward?scope=read:all", json: null,
            [.. ForwardExtensions.ForwardedHeaders("GET", "/ws", "app.example.com"), .. headers]);
}
