using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Ingress;

/// <summary>Whose word about a user's request counts on <c>/ingress/forward</c>.</summary>
public sealed class ForwardTrustTests(ForwardServers behind, ForwardTrustTests.Distrusting alone) : IClassFixture<ForwardServers>, IClassFixture<ForwardTrustTests.Distrusting>
{
    /// <summary>Servers whose only proxy is elsewhere.</summary>
    public sealed class Distrusting : IngressServers
    {
        internal override PorthorSettings Configure(PorthorSettings settings) => base.Configure(settings) with { Proxies = [AddressBlock.Parse("10.0.0.0/8")] };
    }

    [Theory, EveryMode]
    public async Task A_peer_that_is_no_proxy_of_ours_is_not_listened_to(Mode mode)
    {
        var server = await alone.InAsync(mode);
        var browser = await server.LogInAsync("unheard");
        var logged = server.CountLines();

        // Neither as OPTIONS, which would pass without credentials, nor with good ones.
        var answer = await server.ForwardAsync(
            "?allow_options=true", "OPTIONS", "/", ("X-Original-Method", "OPTIONS"), ("X-Original-URL", "https://example.com/"));
        answer.StatusCode.ShouldBe(422, answer.Body);
        answer.Json.GetProperty("detail").EnumerateArray().Select(error => $"{error.GetProperty("type")} {error.GetProperty("loc")[1]}")
            .ShouldBe(["missing x-forwarded-method", "missing x-forwarded-host", "missing x-forwarded-uri"]);
        (await server.ForwardAsync("", TestServer.Bearer(browser.Session), ("Accept", "text/html"))).StatusCode.ShouldBe(422);

        // The log says once how to correct it.
        server.LinesSince(logged, "Ignoring forwarded headers").Select(line => line.GetProperty("error").GetString())
            .ShouldBe(["127.0.0.1 is not a trusted proxy. If it is your proxy, add its address to the setting proxies."]);
    }

    [Theory, EveryMode]
    public async Task A_proxy_says_each_thing_once(Mode mode)
    {
        var server = await behind.InAsync(mode);
        var browser = await server.LogInAsync("heard");
        var bearer = TestServer.Bearer(browser.Session);

        // A second value is what a client sent and a careless proxy let through.
        foreach (var (name, value) in (IEnumerable<(string, string)>)[("X-Forwarded-Method", "OPTIONS"), ("X-Forwarded-Host", "evil.org"), ("x-forwarded-uri", "/public")])
        {
            foreach (var headers in (IEnumerable<(string, string)[]>)[[(name, value), .. Forwarding.Told("GET", "/")], [.. Forwarding.Told("GET", "/"), (name, value)]])
            {
                // Raw, because a client would join the lines.
                var answer = await server.SendLineAsync("GET /ingress/forward?allow_options=true HTTP/1.1", [.. headers, bearer]);
                answer!.StatusCode.ShouldBe(422, name);
                answer.DetailLocation.ShouldBe($"header.{name.ToLowerInvariant()}");
                answer.DetailType.ShouldBe("value_error");
            }
        }
        foreach (var (method, uri) in (IEnumerable<(string, string)>)[("GET, OPTIONS", "/"), ("", "/"), ("GET", ""), ("GET", "*"), ("GET", "http://evil.org/"), ("GET", "@evil.org/")])
            (await server.ForwardAsync("?allow_options=true", method, uri, bearer)).StatusCode.ShouldBe(422, $"{method} {uri}");

        // What is meant for the other route says nothing here, and what is decided is logged as it was asked.
        var logged = server.CountLines();
        (await server.ForwardAsync("", "GET", "/page?x=y", bearer, ("X-Original-Method", "OPTIONS"), ("X-Original-URL", "https://evil.org/"))).ShouldBeAllowed();
        var line = server.LinesSince(logged, "Token authorized").Single();
        line.GetProperty("auth_uri").GetString().ShouldBe("https://example.com/page?x=y");
        line.GetProperty("httpRequest").GetProperty("remoteIp").GetString().ShouldBe("192.0.2.9");
        (await server.ForwardAsync("", ("X-Original-Method", "OPTIONS"), ("Origin", "https://example.com"), ("Access-Control-Request-Method", "PUT")))
            .ShouldAskForCredentials();
        // And the other way round: the route for NGINX does not look at these.
        (await server.SendAsync(HttpMethod.Get, "/ingress/auth", json: null, [.. Forwarding.Told("GET", "/"), bearer])).StatusCode.ShouldBe(422);
    }
}
