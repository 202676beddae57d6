using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>
/// Browsers allow every page to open a WebSocket to every host, with the cookies of that host. Porthor compares the <c>Origin</c> header,
/// which each proxy forwards together with the indication that the request is a handshake.
/// </summary>
public sealed class WebSocketOriginTests(RawProxyFixture fixture) : IClassFixture<RawProxyFixture>
{
    private static readonly string[] Handshake =
        ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];

    [Theory, EveryProxy]
    public async Task A_handshake_with_a_cookie_from_a_foreign_page_is_denied(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var token = await fixture.LogInAsync("surfing", "admin:token,read:all");
        var cookie = $"Cookie: {fixture.Porthor.Cookie(new SessionState { Token = token }).Item2}";
        var before = fixture.RawSite.Requests.Count;
        foreach (var path in (string[])["/", "/api/socket", "/admin/socket"])
        {
            foreach (var origin in (string[])[
                "https://evil.example", "http://evil.example.com", "null", "http://example.com.evil.example", "http://example.com:81"])
            {
                foreach (var upgrade in (string[])["Upgrade: websocket", "Upgrade: WebSocket"])
                {
                    foreach (var forgedHeader in (string[])[
                        "X-Kept: 1", "X-Original-Upgrade: h2c", "X-Original-Upgrade:", "Connection: X-Original-Upgrade"])
                        (await client.GetAsync(path, [Handshake[0], upgrade, .. Handshake[2..], cookie, $"Origin: {origin}", forgedHeader]))
                            .Status.ShouldNotBe(101, $"{path} {origin} {forgedHeader}");
                }
                (await client.GetAsync(path, [.. Handshake, cookie, $"Origin: {origin}"])).Status.ShouldBe(403, $"{path} {origin}");
            }
        }
        fixture.RawSite.Requests.Skip(before).ShouldAllBe(request => request.Values("Upgrade").Count == 0);

        // A page of the site itself, a client that is not a browser, and a token that browsers do not send automatically are allowed.
        (await client.GetAsync("/api/socket", [.. Handshake, cookie, "Origin: http://example.com"])).Status.ShouldBe(101);
        (await client.GetAsync("/api/socket", [.. Handshake, cookie])).Status.ShouldBe(101);
        (await client.GetAsync(
            "/api/socket", [.. Handshake, $"Authorization: Bearer {token.Reveal()}", "Origin: https://evil.example"])).Status.ShouldBe(101);
    }
}
