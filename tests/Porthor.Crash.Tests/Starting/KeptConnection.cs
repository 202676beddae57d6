using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Porthor.Crash.Tests.Starting;

/// <summary>
/// A client that keeps its connection as long as the server lets it, and repeats nothing behind anybody's back. The usual client
/// asks once more when a connection breaks, which would hide what is to be seen.
/// </summary>
internal sealed class KeptConnection : IDisposable
{
    private Socket? socket;

    /// <summary>False before the first request, and when the server said that it closes.</summary>
    public bool IsKept => socket is not null;

    /// <summary>The status; null if a new connection was not taken, so that nothing was lost.</summary>
    /// <exception cref="IOException">The server had kept the connection, and let a request on it fall.</exception>
    public async Task<int?> GetAsync(Uri url, string token)
    {
        var isNew = socket is null;
        try
        {
            if (socket is null)
            {
                socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(IPAddress.Loopback, url.Port);
            }
            await socket.SendAsync(Encoding.ASCII.GetBytes(
                $"GET {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\nAuthorization: Bearer {token}\r\nX-Original-URL: https://example.com/\r\nX-Original-Method: GET\r\n\r\n"));
            var answer = await ReadAsync(socket);
            if (answer.Contains("\r\nConnection: close\r\n", StringComparison.Ordinal))
                Dispose();
            return int.Parse(answer.Split(' ')[1]);
        }
        catch (Exception e) when (e is SocketException or EndOfStreamException)
        {
            Dispose();
            return isNew ? null : throw new IOException("A request on a kept connection got no answer.", e);
        }
    }

    public void Dispose()
    {
        socket?.Dispose();
        socket = null;
    }

    /// <summary>An answer with a body of known length, as those of the routes here are.</summary>
    private static async Task<string> ReadAsync(Socket socket)
    {
        var buffer = new byte[16 * 1024];
        for (var length = 0; ;)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length));
            if (read == 0)
                throw new EndOfStreamException();
            length += read;
            var text = Encoding.UTF8.GetString(buffer, 0, length);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0)
                continue;
            var size = text.Split("\r\nContent-Length: ") is [_, var rest, ..] ? int.Parse(rest[..rest.IndexOf('\r')]) : 0;
            if (length >= end + 4 + size)
                return text;
        }
    }
}
