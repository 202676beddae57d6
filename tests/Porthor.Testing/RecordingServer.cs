using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Text;

namespace Porthor.Testing;

/// <summary>Simulates an external service such as an OTLP collector or Slack: accepts and records all requests.</summary>
internal sealed class RecordingServer : IAsyncDisposable
{
    private readonly HttpListener listener = new();
    private readonly ConcurrentQueue<ReceivedRequest> requests = new();
    private readonly Task work;

    public RecordingServer()
    {
        Url = new Uri($"http://127.0.0.1:{RealServers.FreePort()}/");
        listener.Prefixes.Add(Url.AbsoluteUri);
        listener.Start();
        work = AcceptAsync();
    }

    public Uri Url { get; }

    public IReadOnlyList<ReceivedRequest> Requests => [.. requests];

    /// <summary>The status of the responses.</summary>
    public int Status { get; set; } = 200;

    /// <summary>Responses are sent when this task is completed.</summary>
    public Task BeforeResponse { get; set; } = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        listener.Close();
        await work;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            _ = AnswerAsync(context);
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            var body = new MemoryStream();
            Stream input = context.Request.Headers["Content-Encoding"] == "gzip"
                ? new GZipStream(context.Request.InputStream, CompressionMode.Decompress) : context.Request.InputStream;
            await input.CopyToAsync(body);
            requests.Enqueue(new ReceivedRequest(context.Request.Url!.AbsolutePath, body.ToArray()));
            await BeforeResponse;
            context.Response.StatusCode = Status;
            context.Response.ContentType = "application/json";
            context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
        {
            // The client closed the connection.
        }
    }

    /// <param name="Bytes">The body, decompressed.</param>
    public sealed record ReceivedRequest(string Path, byte[] Bytes)
    {
        /// <summary>The body decoded as UTF-8, also if it is binary: texts in it can be found.</summary>
        public string Text => Encoding.UTF8.GetString(Bytes);
    }
}
