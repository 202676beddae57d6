using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;

namespace Porthor.Testing;

/// <summary>A request that the site received.</summary>
/// <param name="Headers">The values by lower-case name; all values of a repeated header.</param>
internal sealed record ReceivedRequest(string Method, string Path, IReadOnlyDictionary<string, string[]> Headers, long Length)
{
    public string? Header(string name) =>
        Headers.TryGetValue(name.ToLowerInvariant(), out var values) ? values.ShouldHaveSingleItem() : null;
}

/// <summary>The protected site. It returns the request that it received, and trusts every header, as sites behind a proxy do.</summary>
internal sealed class Upstream : IAsyncDisposable
{
    private readonly WebApplication app;
    private int requests;

    private Upstream(WebApplication app) => this.app = app;

    public string Address => new Uri(app.Urls.First()).Authority;

    /// <summary>The number of requests received.</summary>
    public int Requests => requests;

    public static async Task<Upstream> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MaxRequestHeadersTotalSize = 1024 * 1024;
        });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var upstream = new Upstream(app);
        app.UseWebSockets();
        app.Run(upstream.AnswerAsync);
        await app.StartAsync();
        return upstream;
    }

    public static ReceivedRequest Read(string body) => JsonSerializer.Deserialize<ReceivedRequest>(body)!;

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        Interlocked.Increment(ref requests);
        if (context.WebSockets.IsWebSocketRequest)
        {
            await EchoAsync(await context.WebSockets.AcceptWebSocketAsync());
            return;
        }
        var length = 0L;
        var buffer = new byte[64 * 1024];
        while (await context.Request.Body.ReadAsync(buffer) is > 0 and var count)
            length += count;
        // The test chooses the status and the CORS headers, which are independent of Porthor.
        if (context.Request.Query["status"] is [{ } status])
            context.Response.StatusCode = int.Parse(status);
        if (context.Request.Query["location"] is [{ } location])
            context.Response.Headers.Location = location;
        if (HttpMethods.IsOptions(context.Request.Method))
            context.Response.Headers.AccessControlAllowOrigin = context.Request.Headers.Origin;
        context.Response.Headers["X-Site"] = "here";
        var headers = context.Request.Headers.ToDictionary(
            header => header.Key.ToLowerInvariant(), header => header.Value.Select(value => value ?? "").ToArray());
        await context.Response.WriteAsync(JsonSerializer.Serialize(
            new ReceivedRequest(context.Request.Method, context.Request.Path + context.Request.QueryString, headers, length)));
    }

    /// <summary>Echoes messages until the client closes the connection.</summary>
    private static async Task EchoAsync(WebSocket socket)
    {
        var buffer = new byte[64 * 1024];
        while (await socket.ReceiveAsync(buffer, CancellationToken.None) is { MessageType: not WebSocketMessageType.Close } received)
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, CancellationToken.None);
    }
}
