using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>
/// A proxy that forwards an <c>Upgrade</c> header opens a tunnel if the site accepts it. Only WebSocket handshakes are allowed to do this.
/// </summary>
public sealed class UpgradeTests(RawProxyFixture fixture, RecordingProxyFixture recording)
    : IClassFixture<RawProxyFixture>, IClassFixture<RecordingProxyFixture>
{
    private static readonly string[] Preflight = ["Origin: http://example.com", "Access-Control-Request-Method: PUT"];

    /// <summary>HAProxy itself rejects a WebSocket handshake without a key.</summary>
    private const string Key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

    /// <summary>Headers that offer another protocol than WebSocket.</summary>
    private static readonly string[][] Offers =
    [
        ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"],
        ["Connection: Upgrade, HTTP2-Settings", "Upgrade: H2C", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"],
        ["Connection: upgrade", "Upgrade: h2c"], ["Connection: keep-alive, Upgrade", "Upgrade: h2c/1"],
        ["Connection: Upgrade", "Upgrade: TLS/1.0"],
        ["Connection: Upgrade", "Upgrade: h2c, websocket"], ["Connection: Upgrade", "Upgrade: websocket, h2c"],
        ["Connection: Upgrade", "Upgrade: websocket,h2c"],
        ["Connection: Upgrade", "Upgrade: h2c", "Upgrade: websocket"], ["Connection: Upgrade", "Upgrade: websocketx"],
        ["Connection: Upgrade", "Upgrade: websocket/13"],
        ["Connection: close", "Upgrade: h2c"], ["Upgrade: h2c"], ["Connection: Upgrade", "upgrade:\th2c"],
        ["Connection: Upgrade", "Upgrade:"],
    ];

    [Theory, EveryProxy]
    public async Task No_other_protocol_than_WebSocket_reaches_the_site(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var token = await fixture.LogInAsync("upgrading", "admin:token,read:all");
        foreach (var offer in Offers)
        {
            foreach (var (request, more) in (IEnumerable<(string, string[])>)[
                ("GET /public/ HTTP/1.1", []), ("POST /public/ HTTP/1.1", ["Content-Length: 0"]), ("OPTIONS /api/ HTTP/1.1", Preflight),
                ("OPTIONS / HTTP/1.1", Preflight),
                ("GET / HTTP/1.1", [$"Authorization: Bearer {token.Reveal()}"]),
                ("GET /admin/ HTTP/1.1", [$"Authorization: Bearer {token.Reveal()}"])])
            {
                var answer = await client.SendAsync(request, ["Host: example.com", Key, .. offer, .. more]);
                var arrived = answer.AtSite();
                ShouldOfferNothing(arrived, $"{request} {string.Join(" | ", offer)}");
            }
        }
        // Two Upgrade headers are one list. A proxy that reads only the first one may forward it as a handshake.
        var two = await client.GetAsync("/public/", "Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c", Key);
        if (two.Status != 101)
            ShouldOfferNothing(two.AtSite(), "two headers");
        fixture.RawSite.Requests.SelectMany(request => request.Variables("Upgrade")).ShouldAllBe(value => value == "websocket");
        fixture.RawSite.Requests.SelectMany(request => request.Variables("HTTP2-Settings")).ShouldBeEmpty();
    }

    /// <summary>
    /// Only handshakes with GET are forwarded: a preflight needs no credentials, and a site may ignore the method of a handshake.
    /// </summary>
    [Theory, EveryProxy]
    public async Task A_handshake_is_forwarded_only_with_GET(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        string[] handshake = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", Key];
        ShouldOfferNothing(
            (await client.SendAsync("OPTIONS /api/ HTTP/1.1", ["Host: example.com", .. Preflight, .. handshake])).AtSite(), "OPTIONS");
        ShouldOfferNothing(
            (await client.SendAsync("POST /public/ HTTP/1.1", ["Host: example.com", "Content-Length: 0", .. handshake])).AtSite(), "POST");
        foreach (var (connection, upgrade) in (IEnumerable<(string, string)>)[("Upgrade", "websocket"),
            ("keep-alive, Upgrade", "WebSocket"), ("upgrade", "WEBSOCKET")])
        {
            var opened = await client.GetAsync(
                "/public/socket", [$"Connection: {connection}", $"Upgrade: {upgrade}", .. handshake[2..], "Origin: https://else.example"]);
            opened.Status.ShouldBe(101, opened.Head + opened.Body);
            var arrived = fixture.RawSite.Requests.Last(request => request.Target == "/public/socket");
            arrived.Values("Upgrade").ShouldBe(["websocket"]);
            arrived.Values("Connection").Single().ShouldBe("upgrade", StringCompareShould.IgnoreCase);
            arrived.Values("Sec-WebSocket-Key").ShouldBe(["dGhlIHNhbXBsZSBub25jZQ=="]);
            arrived.Values("Origin").ShouldBe(["https://else.example"]);
            arrived.Values("X-Original-Upgrade").ShouldBeEmpty();
        }
    }

    /// <summary>Porthor's pages get no Upgrade header. The authorization subrequest states whether the request is a handshake.</summary>
    [Theory, EveryProxy]
    public async Task Porthor_is_informed_of_a_handshake_and_gets_no_upgrade(Proxy proxy)
    {
        var client = await recording.ConnectAsync(proxy);
        string[] handshake = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", Key,
            "Origin: https://else.example"];
        foreach (var offer in Offers.Append(handshake))
        {
            foreach (var path in (string[])["/auth/tokens", "/login", "/logout", "/.well-known/jwks.json"])
                ShouldOfferNothing(
                    (await client.GetAsync(path, [.. offer.Except([Key]), Key, "X-Original-Upgrade: websocket"])).AtSite(), path);
        }

        foreach (var (path, route) in (IEnumerable<(string, string)>)[("/", "/ingress/"), ("/api/", "/ingress/"),
            ("/public/", "/ingress/anonymous")])
        {
            (await client.GetAsync(path, handshake)).Status.ShouldBe(101);
            var subrequest = recording.Site.Requests.Last(request => request.Target.StartsWith(route, StringComparison.Ordinal));
            subrequest.Values("X-Original-Upgrade").ShouldBe(["websocket"], path);
            subrequest.Values("Origin").ShouldBe(["https://else.example"], path);
            subrequest.Values("Upgrade").ShouldBeEmpty(path);

            // The client's value is not used.
            (await client.GetAsync(
                path, ["X-Original-Upgrade: websocket", "Connection: X-Original-Upgrade"])).AtSite().Values("X-Original-Upgrade")
                .ShouldBeEmpty();
            subrequest = recording.Site.Requests.Last(request => request.Target.StartsWith(route, StringComparison.Ordinal));
            subrequest.Values("X-Original-Upgrade").ShouldBeEmpty(path);
            (await client.GetAsync(path, [.. handshake, "X-Original-Upgrade: no", "x-original-upgrade: "])).Status.ShouldBe(101);
            subrequest = recording.Site.Requests.Last(request => request.Target.StartsWith(route, StringComparison.Ordinal));
            subrequest.Values("X-Original-Upgrade").ShouldBe(["websocket"], path);
        }
    }

    private static void ShouldOfferNothing(RawRequest arrived, string description)
    {
        foreach (var name in (string[])["Upgrade", "HTTP2-Settings", "X-Original-Upgrade"])
            arrived.Variables(name).ShouldBeEmpty($"{description}: {string.Join(" | ", arrived.Lines)}");
        arrived.Values("Connection").ShouldBeEmpty(description);
    }
}
