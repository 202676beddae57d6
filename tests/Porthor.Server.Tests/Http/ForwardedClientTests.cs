using System.Net;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Porthor.Server.Http;
using Porthor.Values;

namespace Porthor.Server.Tests.Http;

/// <summary>The client address, regardless of headers that the client sends (contract/api.md 1). LOG-007.</summary>
public sealed partial class ForwardedClientTests
{
    private static readonly TrustedProxies Proxies =
        new([.. ((string[])["10.0.0.0/8", "2001:db8:1::/48", "192.0.2.80", "::ffff:127.0.0.0/104"]).Select(AddressBlock.Parse)]);

    private static readonly TrustedProxies NotConfigured = new([]);

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::ffff:192.0.2.9", "192.0.2.9")]
    [InlineData("2001:db8::5", "2001:db8::5")]
    // The zone of an address is not part of it, and no database accepts it.
    [InlineData("fe80::1%3", "fe80::1")]
    [InlineData(null, null)]
    public void Without_a_header_the_client_is_the_peer(string? peer, string? address)
    {
        Find(peer).Address?.ToString().ShouldBe(address);
        Find(peer, "", " , ,", "unknown").Address?.ToString().ShouldBe(address);
        Find(peer, "192.0.2.1, unknown").Address?.ToString().ShouldBe(address);
        Find(peer).Address.ShouldBe(address is null ? null : IPAddress.Parse(address));
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("192.0.2.1, 10.0.0.1", "192.0.2.1")]
    [InlineData("192.0.2.1,10.0.0.1 ,\t192.0.2.80", "192.0.2.1")]
    [InlineData("2001:DB8:0:0::0005, 10.0.0.1", "2001:db8::5")]
    [InlineData("2001:db8::5, 2001:db8:1::7", "2001:db8::5")]
    [InlineData("203.0.113.9, 2001:db8:2::7", "2001:db8:2::7")]
    [InlineData("192.0.2.1, 192.0.2.81", "192.0.2.81")]
    // All addresses are proxies: the left-most one is used, which is the farthest known.
    [InlineData("10.1.1.1, 2001:db8:1::7, 10.2.2.2", "10.1.1.1")]
    [InlineData("10.1.1.1", "10.1.1.1")]
    // Parsing stops at an invalid entry: the address of the proxy that added it is used, and everything to its left is ignored.
    [InlineData("6.6.6.6, nonsense, 10.0.0.1", "10.0.0.1")]
    [InlineData("6.6.6.6, unknown", "127.0.0.1")]
    [InlineData("6.6.6.6, fe80::1%eth0", "127.0.0.1")]
    [InlineData("6.6.6.6, 01.2.3.4", "127.0.0.1")]
    [InlineData("6.6.6.6, 1.2.3", "127.0.0.1")]
    [InlineData("6.6.6.6, 0x7f.1", "127.0.0.1")]
    [InlineData("6.6.6.6, 2130706433", "127.0.0.1")]
    [InlineData("6.6.6.6, 192.0.2.0/24", "127.0.0.1")]
    [InlineData("6.6.6.6, _hidden, 10.0.0.1, 10.0.0.2", "10.0.0.1")]
    [InlineData("6.6.6.6, for=192.0.2.1", "127.0.0.1")]
    [InlineData("6.6.6.6, 203.0.113.7:", "127.0.0.1")]
    [InlineData("6.6.6.6, 203.0.113.7:65536", "127.0.0.1")]
    [InlineData("6.6.6.6, 203.0.113.7:http", "127.0.0.1")]
    [InlineData("6.6.6.6, [203.0.113.7]:80", "127.0.0.1")]
    [InlineData("6.6.6.6, [2001:db8::1", "127.0.0.1")]
    [InlineData("6.6.6.6, [2001:db8::1]80", "127.0.0.1")]
    [InlineData("6.6.6.6, \"203.0.113.7", "127.0.0.1")]
    // Ports, brackets and quotes.
    [InlineData("6.6.6.6, 203.0.113.7:51234", "203.0.113.7")]
    [InlineData("6.6.6.6, 203.0.113.7:51234, 10.0.0.1:443", "203.0.113.7")]
    [InlineData("6.6.6.6, [2001:db8::1]:443", "2001:db8::1")]
    [InlineData("6.6.6.6, [2001:db8::1], [2001:db8:1::7]:80", "2001:db8::1")]
    [InlineData("6.6.6.6, \"[2001:db8::1]:443\"", "2001:db8::1")]
    [InlineData("6.6.6.6, \"203.0.113.7:80\"", "203.0.113.7")]
    [InlineData("6.6.6.6, \"2001:db8::1\"", "2001:db8::1")]
    // IPv4-mapped addresses are IPv4 addresses, as clients and as proxies.
    [InlineData("6.6.6.6, ::ffff:203.0.113.7", "203.0.113.7")]
    [InlineData("6.6.6.6, ::FFFF:cb00:7107", "203.0.113.7")]
    [InlineData("6.6.6.6, [::ffff:203.0.113.7]:443, ::ffff:10.0.0.1", "203.0.113.7")]
    public void The_client_is_the_right_most_address_that_is_not_a_proxy(string header, string address) =>
        Find("127.0.0.1", header).Address.ShouldBe(IPAddress.Parse(address));

    [Fact]
    public void Several_headers_are_one_list()
    {
        Find("127.0.0.1", "203.0.113.9", "192.0.2.1", "10.0.0.1, 10.0.0.2").Address.ShouldBe(IPAddress.Parse("192.0.2.1"));
        Find("127.0.0.1", "192.0.2.1, 10.0.0.1", "").Address.ShouldBe(IPAddress.Parse("192.0.2.1"));
    }

    /// <summary>A client sends the header itself before the proxies add their addresses.</summary>
    [Fact]
    public void No_header_of_a_client_changes_its_address()
    {
        var piece = Gen.OneOf(
            "10.0.0.1", "192.0.2.80", "203.0.113.9", "127.0.0.1", "::1", "2001:db8:1::1", "::ffff:10.0.0.1", "unknown", "",
            "\0", "fe80::1%eth0", "\"10.0.0.1\"", "\t", "10.0.0.1:80", "[::1]:80", "::ffff:10.0.0.1");
        var client = Gen.OneOf("192.0.2.1", "2001:db8::5", "128.0.0.1");
        var proxy = Gen.OneOf("10.0.0.1", "2001:db8:1::7", "192.0.2.80");
        Gen.Select(piece.Array[0, 6], Gen.Bool, client, proxy.Array[0, 3]).Sample((spoofed, ownLine, address, proxies) =>
        {
            var (written, seen) = (string.Join(",", spoofed), string.Join(", ", [address, .. proxies]));
            string[] headers = ownLine ? [written, seen] : [$"{written},{seen}"];
            return Find("10.0.0.9", headers).Address!.Equals(IPAddress.Parse(address));
        });
    }

    [Theory]
    [InlineData("127.0.0.1", "192.0.2.1")]
    [InlineData("127.8.8.8", "192.0.2.1")]
    [InlineData("::1", "192.0.2.1")]
    [InlineData("::ffff:127.0.0.1", "192.0.2.1")]
    [InlineData(null, "192.0.2.1")]
    [InlineData("10.0.0.1", "10.0.0.1")]
    [InlineData("2001:db8::9", "2001:db8::9")]
    public void Without_the_setting_only_loopback_and_unix_sockets_are_trusted(string? peer, string address) =>
        ForwardedClient.Find(Request(peer, ["192.0.2.1"], ["https"]), NotConfigured).ShouldBe(
            new ForwardedClient(IPAddress.Parse(address), address == "192.0.2.1" ? "https" : "http"));

    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8::9")]
    [InlineData("::1")]
    public void Headers_of_a_peer_that_is_not_a_trusted_proxy_are_ignored(string peer) =>
        ForwardedClient.Find(Request(peer, ["203.0.113.9"], ["https"]), Proxies).ShouldBe(
            new ForwardedClient(IPAddress.Parse(peer), "http"));

    private static ForwardedClient Find(string? peer, params string[] addresses) =>
        ForwardedClient.Find(Request(peer, addresses, []), Proxies);

    private static DefaultHttpContext Request(string? peer, string[] addresses, string[] schemes)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = peer is null ? null : IPAddress.Parse(peer);
        context.Request.Scheme = "http";
        context.Request.Headers["X-Forwarded-For"] = addresses;
        context.Request.Headers["X-Forwarded-Proto"] = schemes;
        return context;
    }
}
