using System.Net.Sockets;
using System.Text;
using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>The fixture with a site that reads requests from the connection itself.</summary>
public sealed class RawProxyFixture : ProxyFixture
{
    internal RawSite RawSite { get; } = RawSite.Start();

    internal override string SiteAddress => RawSite.Address;

    private protected override ValueTask DisposeMoreAsync() => RawSite.DisposeAsync();
}

/// <summary>The proxies in front of one program that simulates both Porthor and the site and allows every request.</summary>
public sealed class RecordingProxyFixture : IAsyncLifetime
{
    private readonly Dictionary<Proxy, ProxyProcess> proxies = [];

    internal RawSite Site { get; } = RawSite.Start();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    internal async Task<RawClient> ConnectAsync(Proxy proxy)
    {
        if (!proxies.TryGetValue(proxy, out var process))
            proxies[proxy] = process = await ProxyProcess.StartAsync(proxy, Site.Address, Site.Address);
        return new RawClient(process.Port);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in proxies.Values)
            await proxy.DisposeAsync();
        await Site.DisposeAsync();
    }
}

/// <summary>A response as it was received.</summary>
/// <param name="Head">The status line and the header lines.</param>
internal sealed record RawAnswer(int Status, string Head, string Body)
{
    /// <summary>The request that the site received.</summary>
    public RawRequest AtSite()
    {
        Status.ShouldBe(200, Head + Body);
        return RawSite.Read(Body);
    }
}

/// <summary>Sends unmodified requests, which HTTP libraries cannot send.</summary>
internal sealed class RawClient(int port)
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(20);

    /// <summary>The port of the proxy on the loopback address.</summary>
    public int Port => port;

    /// <summary>Sends a request of one line and headers to <c>example.com</c>.</summary>
    public Task<RawAnswer> SendAsync(string firstLine, params IEnumerable<string> headers) =>
        SendTextAsync($"{firstLine}\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n");

    public Task<RawAnswer> GetAsync(string target, params IEnumerable<string> headers) =>
        SendAsync($"GET {target} HTTP/1.1", ["Host: example.com", .. headers]);

    /// <summary>Sends a text, whose characters are Latin-1 bytes, and reads one answer.</summary>
    public async Task<RawAnswer> SendTextAsync(string text)
    {
        using var timeout = new CancellationTokenSource(RequestTimeout);
        using var client = new TcpClient();
        client.Client.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Parse(ProxyFixture.ClientAddress), 0));
        await client.ConnectAsync("127.0.0.1", port, timeout.Token);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text), timeout.Token);
        return await ReadAsync(stream, timeout.Token);
    }

    private static async Task<RawAnswer> ReadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var text = "";
        var buffer = new byte[64 * 1024];
        while (!IsComplete(text))
        {
            var count = await stream.ReadAsync(buffer, cancellationToken);
            if (count == 0)
                break;
            text += Encoding.Latin1.GetString(buffer, 0, count);
        }
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        end.ShouldBeGreaterThan(0, text);
        var body = text[(end + 4)..];
        // Bodies are JSON objects; the chunked coding adds text around them.
        body = body.Contains('{', StringComparison.Ordinal) ? body[body.IndexOf('{')..(body.LastIndexOf('}') + 1)] : body;
        return new RawAnswer(int.Parse(text.Split(' ')[1]), text[..end], body);
    }

    private static bool IsComplete(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
            return false;
        var head = text[..end].ToLowerInvariant();
        if (head.Contains(" 101 ", StringComparison.Ordinal))
            return true;
        if (head.Split("\r\n").FirstOrDefault(line => line.StartsWith("content-length:", StringComparison.Ordinal)) is { } length)
            return text.Length >= end + 4 + int.Parse(length.Split(':')[1]);
        return head.Contains("transfer-encoding: chunked", StringComparison.Ordinal)
            && text.EndsWith("0\r\n\r\n", StringComparison.Ordinal);
    }
}
