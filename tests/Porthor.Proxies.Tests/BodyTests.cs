using System.Net.WebSockets;
using System.Text;
using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>What is more than a head: bodies, WebSockets; and what browsers ask before they send one.</summary>
public sealed class BodyTests(Gate gate) : IClassFixture<Gate>
{
    private static readonly byte[] Large = [.. Enumerable.Range(0, 10 * 1024 * 1024).Select(i => (byte)i)];

    [Theory, EveryProxy]
    public async Task Large_and_chunked_bodies_arrive_whole(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var bearer = TestServer.Bearer(await gate.LogInAsync("sending"));
        foreach (var how in (IEnumerable<(string, string)[]>)[[], [("Transfer-Encoding", "chunked")], [("Expect", "100-continue")]])
        {
            var answer = await visitor.SendAsync(HttpMethod.Put, "/file", new ByteArrayContent(Large), [bearer, .. how]);
            answer.StatusCode.ShouldBe(200, answer.Body);
            var arrived = Upstream.Read(answer.Body);
            (arrived.Method, arrived.Length).ShouldBe(("PUT", Large.Length));
        }
        // What Porthor is asked has none of it, so that its own bound does not matter; and who may not send is refused.
        (await visitor.SendAsync(HttpMethod.Put, "/file", new ByteArrayContent(new byte[200_000]))).StatusCode.ShouldBe(401);
    }

    [Theory, EveryProxy]
    public async Task A_web_socket_goes_through_for_whom_may_pass(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        var bearer = TestServer.Bearer(await gate.LogInAsync("talking"));
        using var client = visitor.CreateClient();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));

        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader(bearer.Item1, bearer.Item2);
        await socket.ConnectAsync(new Uri("ws://example.com/api/socket"), client, patience.Token);
        await socket.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer, patience.Token);
        Encoding.UTF8.GetString(buffer, 0, received.Count).ShouldBe("hello");
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, patience.Token);

        var before = gate.Site.Requests;
        using var refused = new ClientWebSocket();
        refused.Options.CollectHttpResponseDetails = true;
        await Should.ThrowAsync<WebSocketException>(() => refused.ConnectAsync(new Uri("ws://example.com/api/socket"), client, patience.Token));
        ((int)refused.HttpStatusCode).ShouldBe(401);
        gate.Site.Requests.ShouldBe(before);
    }

    /// <summary>A preflight carries no credentials. From our own pages it goes to the site, which decides; from others it does not.</summary>
    [Theory, EveryProxy]
    public async Task A_preflight_from_our_own_pages_reaches_the_site(Proxy proxy)
    {
        var visitor = await gate.BehindAsync(proxy);
        (string, string) method = ("Access-Control-Request-Method", "PUT");
        var passed = await visitor.SendAsync(HttpMethod.Options, "/api/", content: null, ("Origin", "https://example.com"), method);
        passed.StatusCode.ShouldBe(200, passed.Body);
        passed.Header("Access-Control-Allow-Origin").ShouldBe("https://example.com");
        var arrived = Upstream.Read(passed.Body);
        arrived.Method.ShouldBe("OPTIONS");
        arrived.Header("X-Auth-Request-User").ShouldBeNull();
        arrived.Header("Access-Control-Request-Method").ShouldBe("PUT");

        var before = gate.Site.Requests;
        (await visitor.SendAsync(HttpMethod.Options, "/api/", content: null, ("Origin", "https://evil.org"), method))
            .ShouldBeRefused(403, "cors_preflight_rejected", "Cross-origin request not allowed");
        // Only OPTIONS is one, whatever else looks like it.
        (await visitor.GetAsync("/api/", ("Origin", "https://example.com"), method, ("X-Forwarded-Method", "OPTIONS"), ("X-Original-Method", "OPTIONS"))).StatusCode.ShouldBe(401);
        gate.Site.Requests.ShouldBe(before);
    }
}
