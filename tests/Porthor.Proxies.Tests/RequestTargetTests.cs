using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>
/// Paths and hosts that a proxy and a site interpret in different ways. The site receives the path as the client sent it, without
/// normalization. The rule must be correct for every interpretation, or the response is 400.
/// </summary>
public sealed partial class RequestTargetTests(RawProxyFixture fixture) : IClassFixture<RawProxyFixture>
{
    [Theory, EveryProxy]
    public async Task An_ambiguous_path_is_rejected(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var bearer = $"Authorization: Bearer {(await fixture.LogInAsync("wandering", "admin:token,read:all")).Reveal()}";
        var before = fixture.RawSite.Requests.Count;
        foreach (var path in Ambiguous)
        {
            foreach (var headers in (string[][])[[], [bearer]])
                (await client.GetAsync(path, headers)).Status.ShouldBe(400, path);
            (await client.SendAsync(
                $"OPTIONS {path} HTTP/1.1", "Host: example.com", "Origin: http://example.com",
                "Access-Control-Request-Method: PUT")).Status.ShouldBe(400, path);
            if (path[0] == '/')
                (await client.GetAsync($"http://example.com{path}", bearer)).Status.ShouldBe(400, path);
        }
        fixture.RawSite.Requests.Count.ShouldBe(before);
    }

    [Theory, EveryProxy]
    public async Task Every_other_path_is_authorized_by_its_rule_and_forwarded_unchanged(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var reader = $"Authorization: Bearer {(await fixture.LogInAsync("reading")).Reveal()}";
        var administrator = $"Authorization: Bearer {(await fixture.LogInAsync("ruling", "admin:token")).Reveal()}";
        foreach (var (path, rule) in Ordinary)
        {
            foreach (var target in (string[])[path, $"http://example.com{path}"])
            {
                var statuses = (await StatusAsync(target), await StatusAsync(target, reader), await StatusAsync(target, administrator));
                statuses.ShouldBe(rule switch { "public" => (200, 200, 200), "admin" => (401, 403, 200), _ => (401, 200, 403) }, target);
                var arrived = (await client.GetAsync(target, rule == "admin" ? administrator : reader)).AtSite();
                arrived.Target.ShouldBe(path, target);
                arrived.Values("X-Auth-Request-Token").Count.ShouldBe(rule == "api" ? 1 : 0, target);
            }
        }

        async Task<int> StatusAsync(string target, params string[] headers) => (await client.GetAsync(target, headers)).Status;
    }

    /// <summary>
    /// A URL with an empty path in the request line means the path "/" (RFC 9110, section 4.2.3; RFC 9112, section 3.2.2). HAProxy reads
    /// the query after it as a part of the host.
    /// </summary>
    [Theory, EveryProxy]
    public async Task An_absolute_target_without_a_path_is_the_root(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var bearer = $"Authorization: Bearer {(await fixture.LogInAsync("rooted")).Reveal()}";
        (await client.GetAsync("http://example.com", bearer)).AtSite().Target.ShouldBe("/");
        foreach (var query in (string[])["?x", "?x=/../admin/", "?", "?a=b&c=%2F..%2F"])
        {
            var answer = await client.GetAsync($"http://example.com{query}", bearer);
            if (proxy == Proxy.HAProxy)
            {
                answer.Status.ShouldBe(400, query);
                continue;
            }
            answer.AtSite().Target.TrimEnd('?').ShouldBe($"/{query}".TrimEnd('?'));
            (await client.GetAsync($"http://example.com{query}")).Status.ShouldBe(401, query);
            var login = await client.GetAsync($"http://example.com{query}", "Accept: text/html");
            login.Status.ShouldBe(302, query);
            Uri.UnescapeDataString(login.Head).TrimEnd('?').ShouldContain(
                $"rd=http://example.com/{query}".TrimEnd('?'), customMessage: query);
        }
        foreach (var target in (string[])["http://example.com/../admin/?x", "http://example.com#x", "?x", "*"])
            (await client.GetAsync(target, bearer)).Status.ShouldBe(400, target);
        // Without a host in the URL, Caddy uses the Host header.
        foreach (var target in (string[])["http://?x", "http:///?x"])
        {
            var answer = await client.GetAsync(target, bearer);
            if (proxy == Proxy.Caddy && answer.Status == 200)
                (answer.AtSite().Target, answer.AtSite().Values("Host").Single()).ShouldBe(("/?x", "example.com"));
            else
                answer.Status.ShouldBe(400, target);
        }
    }

    /// <summary>A location without a rule denies every request, so that a forgotten rule does not allow all tokens.</summary>
    [Fact]
    public async Task A_location_without_a_rule_denies_every_request()
    {
        Prerequisites.SkipWhen(ProxyProcess.SkipReason(Proxy.Nginx));
        const string rule = "set $porthor_rule \"scope=read:all&service=site\";";
        await using var proxy = await ProxyProcess.StartNginxAsync(fixture.Porthor.Url.Authority, fixture.SiteAddress, site =>
        {
            site.ShouldContain(rule);
            return site.Replace(rule, "", StringComparison.Ordinal);
        });
        var client = new RawClient(proxy.Port);
        var bearer = $"Authorization: Bearer {(await fixture.LogInAsync("forgotten", "admin:token,read:all,user:token")).Reveal()}";
        (await client.GetAsync("/", bearer)).Status.ShouldBe(403);
        (await client.GetAsync("/")).Status.ShouldBe(401);
        (await client.GetAsync("/api/", bearer)).Status.ShouldBe(200);
        (await client.GetAsync("/admin", bearer)).Status.ShouldBe(200);
    }

    /// <summary>Tests requests with no host, with several hosts, and with a host that can be interpreted as several.</summary>
    [Theory, EveryProxy]
    public async Task A_request_has_one_host(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var bearer = $"Authorization: Bearer {(await fixture.LogInAsync("hosting")).Reveal()}";
        var before = fixture.RawSite.Requests.Count;
        foreach (var hosts in (string[][])[
            [], [""], [" "], ["alice.example.com,bob.example.com"], ["example.com,evil.org"], ["example.com, evil.org"], [",example.com"],
            ["example.com,"], ["example.com evil.org"],
            ["example.com", "evil.org"], ["evil.org", "example.com"], ["example.com", ""], ["", "example.com"], ["example.com/x"],
            ["example.com/public/"], ["user@example.com"],
            ["example.com:80:80"], ["example.com:port"], ["example.com:80,evil.org"], ["example.com#x"], ["example.com?x"],
            ["example.com\\x"], ["[::1"], ["[::1]x"], ["example.com:80@evil.org"], ["ex%61mple.com"], ["example.com;x"]])
        {
            var lines = hosts.Select(host => $"Host: {host}");
            var answer = await client.SendAsync("GET / HTTP/1.1", [.. lines, bearer]);
            answer.Status.ShouldBe(400, string.Join(" | ", lines) + answer.Head);
        }
        fixture.RawSite.Requests.Count.ShouldBe(before);
        // HAProxy treats two equal headers as one.
        (await client.SendAsync(
            "GET / HTTP/1.1", "Host: example.com", "Host: example.com", bearer)).Status.ShouldBe(proxy == Proxy.HAProxy ? 200 : 400);

        // Different hosts in the request line and the header: 400, or the site receives the authorized host.
        foreach (var host in (string[])["evil.org", "example.com,evil.org", "alice.example.com"])
        {
            var answer = await client.SendAsync("GET http://example.com/page HTTP/1.1", $"Host: {host}", bearer);
            if (answer.Status == 400)
                continue;
            var arrived = answer.AtSite();
            (arrived.Values("Host").Single(), arrived.Values("X-Forwarded-Host").Single()).ShouldBe(("example.com", "example.com"));
        }
        foreach (var host in (string[])["example.com", "EXAMPLE.com", "example.com:80", "example.com:8000"])
        {
            var arrived = (await client.SendAsync("GET / HTTP/1.1", $"Host: {host}", bearer)).AtSite();
            arrived.Values("Host").Single().ShouldBe(arrived.Values("X-Forwarded-Host").Single());
            arrived.Values("Host").Single().ShouldStartWith("example.com", Case.Insensitive);
        }
    }
}
