using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Porthor.Crash.Tests.Starting;

/// <summary>
/// An HTTP client that keeps its connection until the server closes it and never repeats a request. HttpClient would repeat a request on a
/// broken connection, which would hide errors.
/// </summary>
internal sealed class PersistentConnection : IDisposable
{
    private Socket? socket;

    /// <summary>False before the first request and after the server announced that it closes the connection.</summary>
    public bool IsKept => socket is not null;

    /// <summary>Sends a request and returns the status; null if a new connection was refused, in which case no request was lost.</summary>
    /// <exception cref="IOException">The server kept the connection open and did not answer a request on it.</exception>
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
                $"GET {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\nAuthorization: Bearer {token}\r\nX-Original-URL: "
                    + $"https://example.com/\r\nX-Original-Method: GET\r\n\r\n"));
            var answer = await ReadAsync(socket);
            if (answer.Contains("\r\nConnection: close\r\n", StringComparison.Ordinal))
                Dispose();
            return int.Parse(answer.Split(' ')[1]);
        }
        catch (Exception e) when (e is SocketException or EndOfStreamException)
        {
            Dispose();
            return isNew ? null : throw new IOException("No answer to a request on an open connection.", e);
        }
    }

    public void Dispose()
    {
        socket?.Dispose();
        socket = null;
    }

    /// <summary>Reads a response with a Content-Length, which all routes of these tests send.</summary>
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
