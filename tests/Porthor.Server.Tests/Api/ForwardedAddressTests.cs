using Porthor.Server.Configuration;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Api;

/// <summary>
/// The client address in the history and the log: the address that the trusted proxies report, regardless of the client's own headers
/// (contract/api.md 1). The part of HIS-015 about addresses.
/// </summary>
public sealed class ForwardedAddressTests(ForwardedAddressTests.BehindProxyServers servers)
    : IClassFixture<ForwardedAddressTests.BehindProxyServers>
{
    public sealed class BehindProxyServers : ApiServers
    {
        internal override PorthorSettings Configure(PorthorSettings settings) =>
            settings with
            {
                Proxies = [
                AddressBlock.Parse("127.0.0.0/8"), AddressBlock.Parse("10.0.0.0/8"), AddressBlock.Parse("2001:db8:1::/48")]
            };
    }

    /// <summary>The received headers and the expected client address.</summary>
    private static readonly (string[] Headers, string Address)[] Chains =
    [
        ([], "127.0.0.1"), ([""], "127.0.0.1"), (["unknown"], "127.0.0.1"), (["1.2.3.4:80"], "1.2.3.4"), (["[::1]"], "::1"),
        (["6.6.6.6, 203.0.113.7:51234"], "203.0.113.7"), (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["01.2.3.4"], "127.0.0.1"), (["1.2.3"], "127.0.0.1"), (["fe80::1%eth0"], "127.0.0.1"),
        (["192.0.2.1"], "192.0.2.1"), ([" 192.0.2.1 ,10.0.0.1"], "192.0.2.1"),
        // Addresses to the left of the client's address were written by the client.
        (["203.0.113.9, 192.0.2.1, 10.0.0.1"], "192.0.2.1"), (["203.0.113.9, 10.9.9.9, 192.0.2.1"], "192.0.2.1"),
        (["127.0.0.1, 192.0.2.1"], "192.0.2.1"),
        (["192.0.2.1, nonsense, 10.0.0.1"], "10.0.0.1"), (["192.0.2.1", "10.0.0.1"], "192.0.2.1"),
        (["203.0.113.9", "192.0.2.1,10.0.0.1", "10.0.0.2"], "192.0.2.1"),
        (["2001:DB8:0::0005, 2001:db8:1::7"], "2001:db8::5"), (["10.1.1.1, 2001:db8:1::7, 10.2.2.2"], "10.1.1.1"),
        (["fe80::1%eth0, 10.0.0.1"], "10.0.0.1"),
    ];

    [Theory, EveryMode]
    public async Task The_client_address_is_the_last_one_that_is_not_a_trusted_proxy(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("forwarded");
        foreach (var (index, (header, address)) in Chains.Index())
        {
            var lineCount = server.CountLines();
            var body = $"{{\"token_name\":\"token {index}\"}}";
            // A raw request, because HttpClient would join the header lines.
            var answer = await server.SendRawAsync(
                $"POST /auth/api/v1/users/forwarded/tokens HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n"
                + "Content-Type: application/json\r\n"
                + string.Concat(browser.WriteHeaders.Select(line => $"{line.Item1}: {line.Item2}\r\n"))
                + string.Concat(header.Select(line => $"X-Forwarded-For: {line}\r\n"))
                + $"Content-Length: {body.Length}\r\n\r\n{body}");
            answer!.StatusCode.ShouldBe(201);
            var history = await server.GetAsync("/users/forwarded/token-change-history?limit=1", browser.Cookie);
            history.Json[0].GetProperty("ip_address").GetString().ShouldBe(address, string.Join('|', header));
            server.LinesSince(lineCount, "Created new user token").Single().GetProperty("httpRequest").GetProperty("remoteIp").GetString()
                .ShouldBe(address);
        }
    }

    /// <summary>Links use the client's scheme, not that between the proxies.</summary>
    [Theory, EveryMode]
    public async Task The_scheme_is_that_of_the_clients_address(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("linked");
        foreach (var (addresses, schemes, expected) in (IEnumerable<(string?, string[], string)>)[
            (null, [], "http"), ("192.0.2.1", [], "http"), ("192.0.2.1", ["https"], "https"),
            ("192.0.2.1, 10.0.0.1", ["https, http"], "https"),
            ("192.0.2.1, 10.0.0.1", ["http, https"], "http"), ("203.0.113.9, 192.0.2.1, 10.0.0.1", ["http, https, http"], "https"),
            // Fewer schemes than addresses: the left-most scheme.
            ("192.0.2.1, 10.0.0.1", ["https"], "https"), ("10.0.0.1, 10.0.0.2", ["https, http"], "https"),
            // No address, two header lines, or an unsupported scheme.
            (null, ["https"], "http"), ("unknown", ["https"], "http"), ("192.0.2.1", ["https", "https"], "http"),
            ("192.0.2.1", ["javascript"], "http"), ("192.0.2.1", ["https://evil.example/#"], "http")])
        {
            (string, string)[] headers =
                [browser.Cookie, .. addresses is null ? []
                    : ((string, string)[])[("X-Forwarded-For", addresses)], .. schemes.Select(line => ("X-Forwarded-Proto", line))];
            // A raw request, because HttpClient would join the header lines.
            var answer = await server.SendLineAsync(
                "GET /auth/api/v1/users/linked/token-change-history?limit=5 HTTP/1.1", [.. headers, ("X-Forwarded-Host", "evil.example")]);
            answer!.Header("Link").ShouldBe(
                $"<{expected}://{server.Host.Url.Authority}/auth/api/v1/users/linked/token-change-history?limit=5>; rel=\"first\"",
                $"{addresses} {string.Join('|', schemes)}");
        }
    }
}

/// <summary>Without the setting <c>proxies</c>, loopback peers are trusted, and the right-most address is the client's.</summary>
public sealed class UnconfiguredProxyTests(ApiServers servers) : IClassFixture<ApiServers>
{
    [Theory, EveryMode]
    public async Task The_right_most_address_is_the_client_address(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("direct");
        (await server.PostAsync(
            "/users/direct/tokens", new { token_name = "one" }, [.. browser.WriteHeaders, ("X-Forwarded-For", "203.0.113.9, 10.0.0.1")]))
            .StatusCode.ShouldBe(201);
        (await server.GetAsync("/users/direct/token-change-history?limit=1", browser.Cookie)).Json[0].GetProperty("ip_address").GetString()
            .ShouldBe("10.0.0.1");

        // A filter finds the address in every spelling and from every source.
        (await server.PostAsync(
            "/users/direct/tokens", new { token_name = "two" }, [.. browser.WriteHeaders, ("X-Forwarded-For", "::ffff:203.0.113.77")]))
            .StatusCode.ShouldBe(201);
        foreach (var filter in (string[])[
            "203.0.113.77", "::ffff:203.0.113.77", "::ffff:203.0.113.0/120", "203.0.113.0/24", "::FFFF:cb00:714d"])
        {
            (await server.GetAsync($"/users/direct/token-change-history?ip_address={filter}", browser.Cookie)).Json
                .EnumerateArray().Select(row => row.GetProperty("ip_address").GetString()).ShouldBe(["203.0.113.77"], filter);
        }
    }
}
