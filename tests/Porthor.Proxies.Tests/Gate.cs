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
/// A site and a real Porthor, and before them each proxy, started when a test first wants it. Shared by the tests of a class,
/// which have users of their own.
/// </summary>
public class Gate : IAsyncLifetime
{
    /// <summary>Where the client is. No proxy of ours, so that it is told apart from the proxy, which is on 127.0.0.1.</summary>
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
        // One that did not start has failed its test.
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
        Quota = new QuotaPlan { Groups = new Dictionary<string, Quota> { ["slow"] = new() { Api = new Dictionary<string, long> { ["api"] = 2 } } } },
    };

    /// <summary>A client of the site, through a proxy.</summary>
    internal async Task<Visitor> BehindAsync(Proxy proxy) => new(this, (await StartAsync(proxy)).Port);

    /// <summary>The same, for requests byte for byte.</summary>
    internal async Task<RawClient> RawBehindAsync(Proxy proxy) => new((await StartAsync(proxy)).Port);

    private Task<ProxyProcess> StartAsync(Proxy proxy) =>
        proxies.GetOrAdd(proxy, key => new(() => ProxyProcess.StartAsync(key, Porthor.Url.Authority, SiteAddress))).Value;

    /// <summary>The latest line of log about a user with this text.</summary>
    internal async Task<JsonElement> LastLineAsync(string username, string text)
    {
        JsonElement found = default;
        await RealServers.UntilAsync(
            () =>
            {
                found = Porthor.Logs.Lines.Last(line => line.GetProperty("event").GetString() == text
                    && line.TryGetProperty("user", out var user) && user.GetString() == username);
                return Task.CompletedTask;
            },
            text);
        return found;
    }

    /// <summary>A user's session token.</summary>
    internal async Task<Token> LogInAsync(string username, string scopes = "read:all", UserData? userData = null) =>
        (await Porthor.Tokens.SessionForAsync(username, scopes, userData ?? UserData.None with { Email = $"{username}@example.com" })).Record.Token;
}

/// <summary>Somebody who visits <c>http://example.com</c>, which is a proxy here.</summary>
internal sealed class Visitor(Gate gate, int port)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public Gate Gate => gate;

    public HttpMessageInvoker CreateClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectCallback = async (_, cancellationToken) => new NetworkStream(await ConnectAsync(cancellationToken), ownsSocket: true),
    });

    public async Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using var client = CreateClient();
        using var request = new HttpRequestMessage(method, "http://example.com" + path) { Content = content };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var patience = new CancellationTokenSource(Patience);
        using var response = await client.SendAsync(request, patience.Token);
        return await Answer.ReadAsync(response);
    }

    public Task<Answer> GetAsync(string path, params (string, string)[] headers) => SendAsync(HttpMethod.Get, path, content: null, headers);

    /// <summary>Sends lines as no client would write them, and reads what comes back.</summary>
    public async Task<(int Status, string Body)> SendRawAsync(string firstLine, IEnumerable<string> headers)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var socket = await ConnectAsync(patience.Token);
        await socket.SendAsync(Encoding.Latin1.GetBytes($"{firstLine}\r\n{string.Join("\r\n", headers)}\r\nConnection: close\r\n\r\n"), patience.Token);
        using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var answer = await reader.ReadToEndAsync(patience.Token);
        var end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var body = end < 0 ? "" : answer[(end + 4)..];
        // A chunked body of this size is one chunk.
        return (int.Parse(answer.Split(' ')[1]), body.StartsWith('{') || !body.Contains('{', StringComparison.Ordinal) ? body : body[body.IndexOf('{')..(body.LastIndexOf('}') + 1)]);
    }

    private async Task<Socket> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(IPAddress.Parse(Gate.ClientAddress), 0));
        await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        return socket;
    }
}
