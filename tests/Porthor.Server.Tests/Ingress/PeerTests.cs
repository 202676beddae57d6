using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Porthor.Server.Http;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Ingress;

/// <summary>Tests the peers from which forwarded headers and authorization subrequests are accepted (deviations 35).</summary>
public sealed class PeerTests
{
    private const string Advice = "is not a trusted proxy. If it is your proxy, add its address to the setting proxies.";

    [Fact]
    public async Task With_configured_proxies_only_they_and_loopback_can_send_authorization_subrequests()
    {
        await using var server = await StartAsync("10.0.0.0/8");
        foreach (var (peer, allowed) in (IEnumerable<(string, bool)>)[
            ("127.0.0.1", true), ("::1", true), ("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("192.0.2.7", false),
            ("2001:db8::7", false)])
        {
            var lineCount = server.Logs.Lines.Count;
            foreach (var (method, status) in (IEnumerable<(string, int)>)[("GET", 401), ("OPTIONS", 200), ("GET", 401)])
            {
                var answer = await server.GetAsync(
                    "/ingress/auth?allow_options=true&scope=read:all", From(peer), ("X-Original-URL", "https://example.com/"),
                    ("X-Original-Method", method));
                answer.StatusCode.ShouldBe(allowed ? status : 403, $"{peer} {method}");
                if (allowed)
                    continue;
                answer.DetailType.ShouldBe("permission_denied");
                answer.Header("X-Auth-Request-User").ShouldBeNull();
            }
            server.Logs.Lines.Skip(lineCount).Where(
                line => line.GetProperty("event").GetString() == "Denying authorization subrequest of an untrusted peer")
                .Select(line => line.GetProperty("error").GetString()).ShouldBe(allowed ? [] : [$"{peer} {Advice}"]);
        }
        // The route that does not read these headers is available to all peers.
        (await server.GetAsync("/ingress/anonymous", From("192.0.2.7"))).StatusCode.ShouldBe(200);
    }

    [Fact]
    public async Task Without_configured_proxies_every_peer_can_send_authorization_subrequests()
    {
        await using var server = await StartAsync();
        foreach (var peer in (string[])["127.0.0.1", "192.0.2.7"])
            (await server.GetAsync(
                "/ingress/auth?scope=read:all", From(peer), ("X-Original-URL", "https://example.com/"),
                ("X-Original-Method", "GET"))).StatusCode.ShouldBe(401);
    }

    [Fact]
    public async Task Ignored_headers_are_logged_once_per_peer_for_a_limited_number_of_peers()
    {
        await using var server = await StartAsync();
        var caller = await server.Tokens.SessionForAsync("forged");
        var bearer = TestServer.Bearer(caller.Record.Token);
        (string, string)[] forged = [
            ("X-Forwarded-For", "198.51.100.66"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example")];
        for (var i = 0; i < 3; i++)
            (await server.GetAsync("/auth/api/v1/token-info", [bearer, From("192.0.2.7"), .. forged])).StatusCode.ShouldBe(200);
        var line = server.Logs.Single("Ignoring forwarded headers");
        line.GetProperty("error").GetString().ShouldBe($"192.0.2.7 {Advice}");
        line.GetProperty("severity").GetString().ShouldBe("warning");
        line.GetProperty("httpRequest").GetProperty("remoteIp").GetString().ShouldBe("192.0.2.7");

        // No row of the history contains the forged address.
        var created = await server.PostAsync(
            "/auth/api/v1/users/forged/tokens", new { token_name = "one" },
            [From("192.0.2.7"), .. forged, server.Cookie(new() { Token = caller.Record.Token, Csrf = "csrf" }), ("X-CSRF-Token", "csrf")]);
        created.StatusCode.ShouldBe(201, created.Body);
        (await server.GetAsync(
            "/auth/api/v1/users/forged/token-change-history?limit=1", bearer)).Json[0].GetProperty("ip_address").GetString()
            .ShouldBe("192.0.2.7");

        // From loopback the headers are used, and nothing is logged.
        await server.GetAsync("/auth/api/v1/token-info", [bearer, .. forged]);
        for (var i = 0; i < PeerWarnings.MaxPeers + 50; i++)
            await server.GetAsync("/health/live", [From($"203.0.{i / 250}.{i % 250}"), .. forged]);
        server.Logs.Lines.Count(other => other.GetProperty("event").GetString() == "Ignoring forwarded headers")
            .ShouldBe(PeerWarnings.MaxPeers);
    }

    private static async Task<TestServer> StartAsync(params string[] proxies)
    {
        var deployment = await Deployment.CreateAsync(Mode.Embedded);
        return await TestServer.StartAsync(
            deployment,
            settings => settings with { BaseUrl = new Uri("https://example.com"), Proxies = [.. proxies.Select(AddressBlock.Parse)] },
            adjust: services => services.AddSingleton<IStartupFilter, PeerAddressFilter>());
    }

    private static (string, string) From(string peer) => ("Test-Peer", peer);

    /// <summary>Takes the peer's address from a header, because all connections of a test come from loopback.</summary>
    private sealed class PeerAddressFilter : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(following => context =>
            {
                if (context.Request.Headers["Test-Peer"] is [{ } peer])
                    context.Connection.RemoteIpAddress = IPAddress.Parse(peer);
                return following(context);
            });
            next(app);
        };
    }
}
