using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Porthor.Server.Tests.Hostile;

public sealed partial class ConnectionTests
{
    /// <summary>Sends data until the server accepts no more, and returns the number of bytes.</summary>
    private static long SendUntilBlocked(Socket socket, byte[] request)
    {
        const int timeout = 2_000_000; // microseconds
        var taken = 0L;
        socket.Blocking = false;
        try
        {
            while (socket.Poll(timeout, SelectMode.SelectWrite))
                taken += socket.Send(request);
        }
        catch (SocketException)
        {
            // The server closed the connection.
        }
        return taken;
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        sockets.Add(socket);
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(server.Url).Port);
        return socket;
    }

    private async Task OtherClientsShouldBeServedAsync()
    {
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        var begun = Stopwatch.GetTimestamp();
        using var answer = await client.GetAsync("/health");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var refused = await client.GetAsync("/auth/api/v1/token-info");
        refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(MaxDuration);
    }

    /// <summary>Sends the beginning of a request and then single characters until the server closes the connection.</summary>
    private static async Task<(string Answer, TimeSpan Took)> SendSlowlyAsync(Socket socket, string beginning)
    {
        var begun = Stopwatch.GetTimestamp();
        var reading = ReadAsync(socket);
        using var pace = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(beginning));
            while (!reading.IsCompleted)
            {
                await socket.SendAsync("x"u8.ToArray());
                if (await Task.WhenAny(reading, pace.WaitForNextTickAsync().AsTask()) == reading)
                    break;
            }
        }
        catch (SocketException)
        {
            // The connection was closed.
        }
        return (await reading, Stopwatch.GetElapsedTime(begun));
    }

    private static async Task<string> ReadAsync(Socket socket)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var buffer = new byte[4096];
        var answer = new StringBuilder();
        try
        {
            while (await socket.ReceiveAsync(buffer, timeout.Token) is > 0 and var count)
                answer.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }
        catch (SocketException)
        {
            // The connection was reset.
        }
        return answer.ToString();
    }
}
