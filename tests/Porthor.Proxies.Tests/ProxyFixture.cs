using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Porthor.Identity;
using Porthor.Quotas;
using Porthor.Server.Configuration;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Proxies.Tests;

/// <summary>
/// A site and a Porthor server with each proxy in front of them. A proxy is started at its first use. The tests of a class share a fixture
/// and use different users.
/// </summary>
public class ProxyFixture : IAsyncLifetime
{
    /// <summary>The client's address. It is not a trusted proxy and differs from the proxy's address, 127.0.0.1.</summary>
    public const string ClientAddress = "127.0.0.9";

    private readonly ConcurrentDictionary<Proxy, Lazy<Task<ProxyProcess>>> proxies = new();

    internal TestServer Porthor { get; private set; } = null!;

    internal Upstream Site { get; private set; } = null!;

    internal virtual string SiteAddress => Site.Address;

    public async ValueTask InitializeAsync()
    {
        Site = await Upstream.StartAsync();
        Porthor = await StartPorthorAsync();
    }

    public async ValueTask DisposeAsync()
    {
        // A proxy that did not start has already failed its test.
        foreach (var proxy in proxies.Values.Where(proxy => proxy.Value.IsCompletedSuccessfully))
            await (await proxy.Value).DisposeAsync();
        await Porthor.DisposeAsync();
        await Site.DisposeAsync();
        await DisposeMoreAsync();
        GC.SuppressFinalize(this);
    }

    private protected virtual Task<TestServer> StartPorthorAsync() => TestServer.StartAsync(Mode.Embedded, Configure);

    private protected virtual ValueTask DisposeMoreAsync() => ValueTask.CompletedTask;

    private protected static PorthorSettings Configure(PorthorSettings settings) => settings with
    {
        BaseUrl = new Uri("http://example.com"),
        Proxies = [AddressBlock.Parse("127.0.0.1/32")],
        Quota = new QuotaPlan
        {
            Groups =
            new Dictionary<string, Quota> { ["slow"] = new() { Api = new Dictionary<string, long> { ["api"] = 2 } } }
        },
    };

    /// <summary>Returns a client of the site through a proxy.</summary>
    internal async Task<SiteClient> ConnectAsync(Proxy proxy) => new(this, (await StartAsync(proxy)).Port);

    /// <summary>Returns a client for unmodified requests through a proxy.</summary>
    internal async Task<RawClient> ConnectRawAsync(Proxy proxy) => new((await StartAsync(proxy)).Port);

    private Task<ProxyProcess> StartAsync(Proxy proxy) =>
        proxies.GetOrAdd(proxy, key => new(() => ProxyProcess.StartAsync(key, Porthor.Url.Authority, SiteAddress))).Value;

    /// <summary>Returns the last log line with this event and user.</summary>
    internal async Task<JsonElement> LastLineAsync(string username, string text)
    {
        JsonElement found = default;
        await RealServers.WaitUntilAsync(
            () =>
            {
                found = Porthor.Logs.Lines.Last(line => line.GetProperty("event").GetString() == text
                    && line.TryGetProperty("user", out var user) && user.GetString() == username);
                return Task.CompletedTask;
            },
            text);
        return found;
    }

    /// <summary>Creates a session token.</summary>
    internal async Task<Token> LogInAsync(string username, string scopes = "read:all", UserData? userData = null) =>
        (await Porthor.Tokens.SessionForAsync(
            username, scopes, userData ?? UserData.None with { Email = $"{username}@example.com" })).Record.Token;
}

/// <summary>A client of <c>http://example.com</c>, which is a proxy here.</summary>
internal sealed class SiteClient(ProxyFixture fixture, int port)
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(20);

    public ProxyFixture Fixture => fixture;

    public HttpMessageInvoker CreateClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectCallback = async (_, cancellationToken) => new NetworkStream(await OpenSocketAsync(cancellationToken), ownsSocket: true),
    });

    public async Task<Answer> SendAsync(
        HttpMethod method, string path, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using var client = CreateClient();
        using var request = new HttpRequestMessage(method, "http://example.com" + path) { Content = content };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var timeout = new CancellationTokenSource(RequestTimeout);
        using var response = await client.SendAsync(request, timeout.Token);
        return await Answer.ReadAsync(response);
    }

    public Task<Answer> GetAsync(string path, params (string, string)[] headers) => SendAsync(HttpMethod.Get, path, content: null, headers);

    /// <summary>Sends header lines that HTTP libraries would not send, and reads the response.</summary>
    public async Task<(int Status, string Body)> SendRawAsync(string firstLine, IEnumerable<string> headers)
    {
        using var timeout = new CancellationTokenSource(RequestTimeout);
        using var socket = await OpenSocketAsync(timeout.Token);
        await socket.SendAsync(
            Encoding.Latin1.GetBytes($"{firstLine}\r\n{string.Join("\r\n", headers)}\r\nConnection: close\r\n\r\n"), timeout.Token);
        using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var answer = await reader.ReadToEndAsync(timeout.Token);
        var end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var body = end < 0 ? "" : answer[(end + 4)..];
        // A chunked body of this size is one chunk.
        return (int.Parse(answer.Split(' ')[1]), body.StartsWith('{') || !body.Contains('{', StringComparison.Ordinal) ? body
            : body[body.IndexOf('{')..(body.LastIndexOf('}') + 1)]);
    }

    private async Task<Socket> OpenSocketAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(IPAddress.Parse(ProxyFixture.ClientAddress), 0));
        await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        return socket;
    }
}
