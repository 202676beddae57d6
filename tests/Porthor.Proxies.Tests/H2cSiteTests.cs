using System.Net.Sockets;
using System.Text;
using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>
/// The <c>Upgrade: h2c</c> attack against a real site that supports h2c (Caddy): inside the tunnel the site answers requests that no proxy
/// has authorized.
/// </summary>
public sealed class H2cSiteTests(H2cSiteTests.H2cProxyFixture fixture) : IClassFixture<H2cSiteTests.H2cProxyFixture>
{
    private static readonly string[] Offer =
        ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"];

    /// <summary>The proxies in front of a site that accepts HTTP/2 without TLS, by <c>Upgrade</c> and by prior knowledge.</summary>
    public sealed class H2cProxyFixture : ProxyFixture
    {
        private ProxyProcess? site;

        internal override string SiteAddress => $"127.0.0.1:{site!.Port}";

        internal int SitePort => site!.Port;

        private protected override async Task<TestServer> StartPorthorAsync()
        {
            Prerequisites.SkipWhen(ProxyProcess.SkipReason(Proxy.Caddy));
            site = await ProxyProcess.StartH2cSiteAsync();
            return await base.StartPorthorAsync();
        }

        private protected override ValueTask DisposeMoreAsync() => site?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    /// <summary>Shows that the attack works without a proxy. Otherwise the test below could never fail.</summary>
    [Fact]
    public async Task The_site_itself_opens_a_tunnel()
    {
        var answer = await AttackAsync(fixture.SitePort, "GET /public/", []);
        answer.ShouldStartWith("HTTP/1.1 101 ");
        answer.ShouldContain("user=root path=/admin/");
    }

    [Theory, EveryProxy]
    public async Task No_proxy_opens_a_tunnel(Proxy proxy)
    {
        var port = (await fixture.ConnectRawAsync(proxy)).Port;
        var bearer = $"Authorization: Bearer {(await fixture.LogInAsync("tunneling")).Reveal()}";
        string[] preflight = ["Origin: http://example.com", "Access-Control-Request-Method: PUT"];
        foreach (var (request, headers) in ((string, string[])[])[
            ("GET /public/", []), ("OPTIONS /public/", preflight), ("OPTIONS /", preflight), ("GET /", [bearer]), ("GET /api/", [bearer])])
        {
            var answer = await AttackAsync(port, request, headers);
            answer.ShouldStartWith("HTTP/1.1 200 ", customMessage: request);
            answer.ShouldNotContain("root");
            answer.ShouldNotContain("/admin/");
        }
        // HTTP/2 with prior knowledge does not bypass the rules either.
        (await SendAsync(port, Frames(1))).ShouldNotContain("user=root");
    }

    /// <summary>Offers h2c, and requests <c>/admin/</c> as another user inside the tunnel.</summary>
    private static Task<string> AttackAsync(int port, string request, IReadOnlyList<string> headers) =>
        SendAsync(port, $"{request} HTTP/1.1\r\n{string.Join("\r\n", ["Host: example.com", .. Offer, .. headers])}\r\n\r\n", Frames(3));

    /// <summary>
    /// Returns the preface of HTTP/2, an empty SETTINGS frame and a HEADERS frame (RFC 9113, sections 3.4, 6.5 and 6.2), with headers as
    /// literals without indexing (RFC 7541, section 6.2.2).
    /// </summary>
    private static string Frames(int stream)
    {
        var block = $"\x82\x86{Literal("\x04", "/admin/")}{Literal("\x01", "example.com")}{Literal("\0\u0013x-auth-request-user", "root")}";
        return $"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0\0\0{(char)block.Length}\u0001\u0005\0\0\0{(char)stream}{block}";

        static string Literal(string name, string value) => $"{name}{(char)value.Length}{value}";
    }

    /// <summary>
    /// Sends parts of a request, whose characters are Latin-1 bytes. Sends each part after an answer to the previous one. Returns all
    /// received data.
    /// </summary>
    private static async Task<string> SendAsync(int port, params string[] parts)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port, timeout.Token);
        var stream = client.GetStream();
        var received = new StringBuilder();
        var buffer = new byte[64 * 1024];
        foreach (var part in parts)
        {
            try
            {
                await stream.WriteAsync(Encoding.Latin1.GetBytes(part), timeout.Token);
                do
                {
                    var count = await stream.ReadAsync(buffer, timeout.Token);
                    if (count == 0)
                        return received.ToString();
                    received.Append(Encoding.Latin1.GetString(buffer, 0, count));
                }
                // Over HTTP/2 the response follows the settings. It is the site's response or Porthor's error.
                while (part.StartsWith("PRI", StringComparison.Ordinal)
                    && !received.ToString().Contains("/admin/", StringComparison.Ordinal)
                    && !received.ToString().Contains("no_authorization", StringComparison.Ordinal));
            }
            catch (IOException)
            {
                // The proxy closed the connection.
                return received.ToString();
            }
        }
        return received.ToString();
    }
}
