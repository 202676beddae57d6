using System.Net.WebSockets;
using System.Text;
using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>Request bodies, WebSockets and CORS preflights through the proxies.</summary>
public sealed class BodyTests(ProxyFixture fixture) : IClassFixture<ProxyFixture>
{
    private static readonly byte[] Large = [.. Enumerable.Range(0, 10 * 1024 * 1024).Select(i => (byte)i)];

    [Theory, EveryProxy]
    public async Task Large_and_chunked_bodies_are_forwarded_completely(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var bearer = TestServer.Bearer(await fixture.LogInAsync("sending"));
        foreach (var description in (IEnumerable<(string, string)[]>)[[], [("Transfer-Encoding", "chunked")], [("Expect", "100-continue")]])
        {
            var answer = await client.SendAsync(HttpMethod.Put, "/file", new ByteArrayContent(Large), [bearer, .. description]);
            answer.StatusCode.ShouldBe(200, answer.Body);
            var arrived = Upstream.Read(answer.Body);
            (arrived.Method, arrived.Length).ShouldBe(("PUT", Large.Length));
        }
        // The authorization subrequest has no body, so Porthor's size limit does not apply. A denied request stays denied.
        (await client.SendAsync(HttpMethod.Put, "/file", new ByteArrayContent(new byte[200_000]))).StatusCode.ShouldBe(401);
    }

    [Theory, EveryProxy]
    public async Task A_WebSocket_is_opened_for_allowed_clients_only(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        var bearer = TestServer.Bearer(await fixture.LogInAsync("talking"));
        using var invoker = client.CreateClient();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));

        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader(bearer.Item1, bearer.Item2);
        await socket.ConnectAsync(new Uri("ws://example.com/api/socket"), invoker, timeout.Token);
        await socket.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, endOfMessage: true, timeout.Token);
        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer, timeout.Token);
        Encoding.UTF8.GetString(buffer, 0, received.Count).ShouldBe("hello");
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, timeout.Token);

        var before = fixture.Site.Requests;
        using var refused = new ClientWebSocket();
        refused.Options.CollectHttpResponseDetails = true;
        await Should.ThrowAsync<WebSocketException>(
            () => refused.ConnectAsync(new Uri("ws://example.com/api/socket"), invoker, timeout.Token));
        ((int)refused.HttpStatusCode).ShouldBe(401);
        fixture.Site.Requests.ShouldBe(before);
    }

    /// <summary>
    /// A preflight has no credentials. Preflights from the site's own pages are forwarded to the site, which decides; others are not.
    /// </summary>
    [Theory, EveryProxy]
    public async Task A_preflight_from_the_sites_pages_reaches_the_site(Proxy proxy)
    {
        var client = await fixture.ConnectAsync(proxy);
        (string, string) method = ("Access-Control-Request-Method", "PUT");
        var allowed = await client.SendAsync(HttpMethod.Options, "/api/", content: null, ("Origin", "https://example.com"), method);
        allowed.StatusCode.ShouldBe(200, allowed.Body);
        allowed.Header("Access-Control-Allow-Origin").ShouldBe("https://example.com");
        var arrived = Upstream.Read(allowed.Body);
        arrived.Method.ShouldBe("OPTIONS");
        arrived.Header("X-Auth-Request-User").ShouldBeNull();
        arrived.Header("Access-Control-Request-Method").ShouldBe("PUT");

        var before = fixture.Site.Requests;
        (await client.SendAsync(HttpMethod.Options, "/api/", content: null, ("Origin", "https://evil.org"), method))
            .ShouldBeError(403, "cors_preflight_rejected", "Cross-origin request not allowed");
        // Only an OPTIONS request is a preflight, regardless of its headers.
        (await client.GetAsync(
            "/api/", ("Origin", "https://example.com"), method, ("X-Forwarded-Method", "OPTIONS"),
            ("X-Original-Method", "OPTIONS"))).StatusCode.ShouldBe(401);
        fixture.Site.Requests.ShouldBe(before);
    }
}
