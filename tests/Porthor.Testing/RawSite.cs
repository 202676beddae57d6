using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Porthor.Testing;

/// <summary>
/// A site that reads requests from the connection itself. It does not normalize paths, compares header names as CGI does, and accepts every
/// protocol that an <c>Upgrade</c> header offers. It answers each request with the request, as JSON.
/// </summary>
internal sealed class RawSite : IAsyncDisposable
{
    private const int MaxLineLength = 1024 * 1024;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<RawRequest> requests = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly Task accepting;

    private RawSite()
    {
        listener.Start();
        accepting = AcceptAsync();
    }

    public string Address => listener.LocalEndpoint.ToString()!;

    /// <summary>All requests that the site received.</summary>
    public IReadOnlyCollection<RawRequest> Requests => requests;

    /// <summary>The number of connections that were switched to another protocol.</summary>
    public int UpgradedConnections { get; private set; }

    public static RawSite Start() => new();

    public static RawRequest Read(string body) => JsonSerializer.Deserialize<RawRequest>(body)!;

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> serving = [];
        while (true)
        {
            try
            {
                serving.Add(ServeAsync(await listener.AcceptTcpClientAsync(stopping.Token)));
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException)
            {
                break;
            }
        }
        await Task.WhenAll(serving);
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        var stream = client.GetStream();
        try
        {
            while (await ReadRequestAsync(stream) is { } request)
            {
                requests.Enqueue(request);
                if (request.Values("Upgrade") is [{ } protocol, ..])
                {
                    UpgradedConnections++;
                    await WriteAsync(
                        stream,
                        $"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n{AcceptHeader(request)}\r\n");
                    await stream.CopyToAsync(stream, stopping.Token);
                    return;
                }
                var body = JsonSerializer.Serialize(request);
                await WriteAsync(
                    stream,
                    $"HTTP/1.1 200 OK\r\nX-Site: here\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The proxy closed the connection, or the test ended.
        }
    }

    /// <summary>Returns the <c>Sec-WebSocket-Accept</c> header of a WebSocket handshake (RFC 6455, section 4.2.2).</summary>
    [SuppressMessage("Security", "CA5350:Do not use weak cryptographic algorithms", Justification = "RFC 6455 prescribes it.")]
    private static string AcceptHeader(RawRequest request)
    {
        if (request.Values("Sec-WebSocket-Key") is not [{ } key, ..])
            return "";
        var hash = SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
        return $"Sec-WebSocket-Accept: {Convert.ToBase64String(hash)}\r\n";
    }

    private async Task<RawRequest?> ReadRequestAsync(NetworkStream stream)
    {
        if (await ReadLinesAsync(stream) is not [{ } first, .. var lines])
            return null;
        var parts = first.Split(' ');
        var request = new RawRequest(parts[0], parts.Length > 1 ? parts[1] : "", lines, []);
        if (request.Values("Content-Length") is [{ } length, ..])
            await stream.ReadExactlyAsync(new byte[int.Parse(length)], stopping.Token);
        return request.Values("Transfer-Encoding").Count == 0 ? request : request with { Trailers = await ReadChunksAsync(stream) };
    }

    /// <summary>Reads a chunked body and returns its trailer lines.</summary>
    private async Task<IReadOnlyList<string>> ReadChunksAsync(NetworkStream stream)
    {
        while (true)
        {
            var size = Convert.ToInt32((await ReadLineAsync(stream)).Split(';')[0], 16);
            if (size == 0)
                return await ReadLinesAsync(stream);
            await stream.ReadExactlyAsync(new byte[size + 2], stopping.Token);
        }
    }

    /// <summary>Reads lines until an empty line.</summary>
    private async Task<List<string>> ReadLinesAsync(NetworkStream stream)
    {
        List<string> lines = [];
        while (await ReadLineAsync(stream) is { Length: > 0 } line)
            lines.Add(line);
        return lines;
    }

    private async Task<string> ReadLineAsync(NetworkStream stream)
    {
        var line = new StringBuilder();
        var buffer = new byte[1];
        while (line.Length < MaxLineLength && await stream.ReadAsync(buffer, stopping.Token) == 1 && buffer[0] != '\n')
            line.Append((char)buffer[0]);
        return line.ToString().TrimEnd('\r');
    }

    private Task WriteAsync(NetworkStream stream, string text) =>
        stream.WriteAsync(Encoding.Latin1.GetBytes(text), stopping.Token).AsTask();
}
