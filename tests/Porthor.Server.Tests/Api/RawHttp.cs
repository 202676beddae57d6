using System.Net;
using System.Net.Sockets;
using System.Text;
using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>Sends bytes that HTTP clients would not send, and reads the response.</summary>
internal static class RawHttp
{
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Sends a complete request. Reads the response until the server closes the connection, which the request demands with <c>Connection:
    /// close</c>. Returns null if the connection is closed without a response.
    /// </summary>
    public static async Task<Answer?> SendRawAsync(this ApiServer server, byte[] request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, server.Host.Url.Port);
        using var timeout = new CancellationTokenSource(ReadTimeout);
        var reading = ReadAsync(socket, timeout.Token);
        try
        {
            await socket.SendAsync(request, timeout.Token);
        }
        catch (SocketException)
        {
            // The server closed the connection before it read everything; its response can still be read.
        }
        var answer = Parse(await reading);
        if (answer is not null)
            server.LeakDetector.AddResponse(answer);
        return answer;
    }

    public static Task<Answer?> SendRawAsync(this ApiServer server, string request) =>
        server.SendRawAsync(Encoding.Latin1.GetBytes(request));

    /// <summary>Sends a request without a body, with the usual headers.</summary>
    public static Task<Answer?> SendLineAsync(this ApiServer server, string line, params (string Name, string Value)[] headers) =>
        server.SendRawAsync(
        $"{line}\r\nHost: {server.Host.Url.Authority}\r\nConnection: "
            + $"close\r\n{string.Concat(headers.Select(h => $"{h.Name}: {h.Value}\r\n"))}\r\n");

    private static async Task<byte[]> ReadAsync(Socket socket, CancellationToken cancellationToken)
    {
        using var answer = new MemoryStream();
        var buffer = new byte[16 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer, cancellationToken) is > 0 and var count)
                answer.Write(buffer, 0, count);
        }
        catch (SocketException)
        {
            // The connection was reset after an error that did not wait for the rest of the request.
        }
        return answer.ToArray();
    }

    private static Answer? Parse(byte[] bytes)
    {
        var end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return null;
        var lines = Encoding.UTF8.GetString(bytes, 0, end).Split("\r\n");
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2))
            .GroupBy(line => line[0], line => line[1], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(group => group.Key, IReadOnlyList<string> (group) => [.. group], StringComparer.OrdinalIgnoreCase);
        var body = Encoding.UTF8.GetString(bytes, end + 4, bytes.Length - end - 4);
        if (headers.TryGetValue("Transfer-Encoding", out _))
            body = DecodeChunks(body);
        return new Answer((HttpStatusCode)int.Parse(lines[0].Split(' ')[1]), body, headers);
    }

    /// <summary>Decodes a chunked body; sufficient for lists in ASCII.</summary>
    private static string DecodeChunks(string body)
    {
        var text = new StringBuilder();
        while (body.Length > 0)
        {
            var line = body.IndexOf("\r\n", StringComparison.Ordinal);
            var size = Convert.ToInt32(body[..line], 16);
            text.Append(body, line + 2, size);
            body = size == 0 ? "" : body[(line + 2 + size + 2)..];
        }
        return text.ToString();
    }
}
