using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Ingress;

/// <summary>The peers whose description of a request is trusted on <c>/ingress/forward</c>.</summary>
public sealed class ForwardTrustTests(ForwardServers behind, ForwardTrustTests.OtherProxyServers alone)
    : IClassFixture<ForwardServers>, IClassFixture<ForwardTrustTests.OtherProxyServers>
{
    /// <summary>Servers whose trusted proxy has another address.</summary>
    public sealed class OtherProxyServers : IngressServers
    {
        internal override PorthorSettings Configure(PorthorSettings settings) =>
            base.Configure(settings) with { Proxies = [AddressBlock.Parse("10.0.0.0/8")] };
    }

    [Theory, EveryMode]
    public async Task Headers_of_an_untrusted_peer_are_ignored(Mode mode)
    {
        var server = await alone.GetAsync(mode);
        var browser = await server.LogInAsync("unheard");
        var lineCount = server.CountLines();

        // Neither OPTIONS, which would be allowed without credentials, nor valid credentials are accepted.
        var answer = await server.ForwardAsync(
            "?allow_options=true", "OPTIONS", "/", ("X-Original-Method", "OPTIONS"), ("X-Original-URL", "https://example.com/"));
        answer.StatusCode.ShouldBe(422, answer.Body);
        answer.Json.GetProperty("detail").EnumerateArray().Select(error => $"{error.GetProperty("type")} {error.GetProperty("loc")[1]}")
            .ShouldBe(["missing x-forwarded-method", "missing x-forwarded-host", "missing x-forwarded-uri"]);
        (await server.ForwardAsync("", TestServer.Bearer(browser.Session), ("Accept", "text/html"))).StatusCode.ShouldBe(422);

        // The log explains once how to correct the configuration.
        server.LinesSince(lineCount, "Ignoring forwarded headers").Select(line => line.GetProperty("error").GetString())
            .ShouldBe(["127.0.0.1 is not a trusted proxy. If it is your proxy, add its address to the setting proxies."]);
    }

    [Theory, EveryMode]
    public async Task Repeated_forwarding_headers_are_rejected(Mode mode)
    {
        var server = await behind.GetAsync(mode);
        var browser = await server.LogInAsync("heard");
        var bearer = TestServer.Bearer(browser.Session);

        // A second value comes from a client whose header the proxy did not remove.
        foreach (var (name, value) in (IEnumerable<(string, string)>)[("X-Forwarded-Method", "OPTIONS"), ("X-Forwarded-Host", "evil.org"),
            ("x-forwarded-uri", "/public")])
        {
            foreach (var headers in (IEnumerable<(string, string)[]>)[[(name, value), .. ForwardExtensions.ForwardedHeaders("GET", "/")],
                [.. ForwardExtensions.ForwardedHeaders("GET", "/"), (name, value)]])
            {
                // A raw request, because HttpClient would join the header lines.
                var answer = await server.SendLineAsync("GET /ingress/forward?allow_options=true HTTP/1.1", [.. headers, bearer]);
                answer!.StatusCode.ShouldBe(422, name);
                answer.DetailLocation.ShouldBe($"header.{name.ToLowerInvariant()}");
                answer.DetailType.ShouldBe("value_error");
            }
        }
        foreach (var (method, uri) in (IEnumerable<(string, string)>)[("GET, OPTIONS", "/"), ("", "/"), ("GET", ""), ("GET", "*"),
            ("GET", "http://evil.org/"), ("GET", "@evil.org/")])
            (await server.ForwardAsync("?allow_options=true", method, uri, bearer)).StatusCode.ShouldBe(422, $"{method} {uri}");

        // Headers for the other route are ignored here, and the log contains the described request.
        var lineCount = server.CountLines();
        (await server.ForwardAsync(
            "", "GET", "/page?x=y", bearer, ("X-Original-Method", "OPTIONS"), ("X-Original-URL", "https://evil.org/")))
            .ShouldBeAllowed();
        var line = server.LinesSince(lineCount, "Token authorized").Single();
        line.GetProperty("auth_uri").GetString().ShouldBe("https://example.com/page?x=y");
        line.GetProperty("httpRequest").GetProperty("remoteIp").GetString().ShouldBe("192.0.2.9");
        (await server.ForwardAsync(
            "", ("X-Original-Method", "OPTIONS"), ("Origin", "https://example.com"), ("Access-Control-Request-Method", "PUT")))
            .ShouldBeChallengedWithoutError();
        // The route for NGINX ignores these headers.
        (await server.SendAsync(
            HttpMethod.Get, "/ingress/auth", json: null,
            [.. ForwardExtensions.ForwardedHeaders("GET", "/"), bearer])).StatusCode.ShouldBe(422);
    }
}
