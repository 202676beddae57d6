using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Porthor.Server.Tests.Commands;
using Porthor.Testing;

namespace Porthor.Server.Tests.Hostile;

/// <summary>
/// Clients that hold connections and give nothing for them. Those that are too slow are shown the door, and others are served
/// meanwhile as if there were none. <c>PORTHOR_CONNECTIONS</c> asks for more than a thousand.
/// </summary>
public sealed class ConnectionTests : IAsyncLifetime
{
    private const long MostGrowth = 200 * 1024 * 1024;

    private static readonly int Connections = int.Parse(Environment.GetEnvironmentVariable("PORTHOR_CONNECTIONS") ?? "1000", CultureInfo.InvariantCulture);

    /// <summary>For an answer to somebody else, on a machine that is busy with other tests.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);

    private readonly PorthorProgram program = new();
    private readonly List<Socket> sockets = [];
    private GreetedServer server = null!;

    public async ValueTask InitializeAsync() => server = await GreetedServer.StartAsync(program);

    public async ValueTask DisposeAsync()
    {
        sockets.ForEach(socket => socket.Dispose());
        await program.DisposeAsync();
    }

    [Fact]
    public async Task Idle_connections_cost_little_and_harm_nobody()
    {
        await OthersAreServedAsync();
        var before = server.Program.ResidentBytes;
        for (var i = 0; i < Connections; i++)
            await ConnectAsync();
        // Half of them have asked once, and keep their connection.
        foreach (var socket in sockets.Where((_, number) => number % 2 == 0))
            await socket.SendAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        await OthersAreServedAsync();
        (server.Program.ResidentBytes - before).ShouldBeLessThan(MostGrowth);
    }

    /// <summary>Headers that come by the letter are given ten seconds, and a body that trickles five.</summary>
    [Fact]
    public async Task Who_sends_a_request_too_slowly_is_shown_the_door()
    {
        const int each = 50;
        var token = (await File.ReadAllTextAsync(Path.Combine(program.Folder, "porthor-data", "bootstrap-token"))).Trim();
        List<Task<(string Answer, TimeSpan Took)>> slow = [];
        for (var i = 0; i < each; i++)
        {
            slow.Add(TrickleAsync(await ConnectAsync(), "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "));
            slow.Add(TrickleAsync(
                await ConnectAsync(), $"POST /auth/api/v1/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"));
        }
        var all = Task.WhenAll(slow);
        while (!all.IsCompleted)
            await OthersAreServedAsync();
        foreach (var (answer, took) in await all)
        {
            (answer.Length == 0 || answer.StartsWith("HTTP/1.1 408", StringComparison.Ordinal)).ShouldBeTrue(answer);
            took.ShouldBeLessThan(TimeSpan.FromSeconds(20));
        }
    }

    /// <summary>A flood of questions whose answers nobody reads stops at the server's door, not in its memory.</summary>
    [Fact]
    public async Task Who_does_not_read_the_answers_is_asked_no_more()
    {
        var before = server.Program.ResidentBytes;
        var question = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("GET /auth/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 1000)));
        List<Task<long>> floods = [];
        for (var i = 0; i < 20; i++)
        {
            var socket = await ConnectAsync();
            floods.Add(Task.Run(() => Flood(socket, question), TestContext.Current.CancellationToken));
        }
        // Until it accepts no more data from any of them.
        var flood = Task.WhenAll(floods);
        while (!flood.IsCompleted)
            await OthersAreServedAsync();
        (await flood).Sum().ShouldBeGreaterThan(0);
        (server.Program.ResidentBytes - before).ShouldBeLessThan(MostGrowth);
    }

    [Theory]
    [InlineData("X-Large: ", 1024 * 1024, "")]
    [InlineData("Cookie: gafaelfawr=", 1024 * 1024, "")]
    [InlineData("Authorization: Bearer ", 1024 * 1024, "")]
    public async Task A_mebibyte_of_header_is_refused(string name, int length, string rest)
    {
        var socket = await ConnectAsync();
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: x\r\n{name}{new string('x', length)}{rest}\r\n\r\n"));
        }
        catch (SocketException)
        {
            // It has seen enough and closed.
        }
        (await ReadAsync(socket)).ShouldStartWith("HTTP/1.1 431");
        await OthersAreServedAsync();
    }

    /// <summary>Sends as much as the server accepts; returns the number of bytes.</summary>
    private static long Flood(Socket socket, byte[] question)
    {
        const int patience = 2_000_000; // microseconds
        var taken = 0L;
        socket.Blocking = false;
        try
        {
            while (socket.Poll(patience, SelectMode.SelectWrite))
                taken += socket.Send(question);
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

    private async Task OthersAreServedAsync()
    {
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        var begun = Stopwatch.GetTimestamp();
        using var answer = await client.GetAsync("/health");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var refused = await client.GetAsync("/auth/api/v1/token-info");
        refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(Soon);
    }

    /// <summary>Sends a beginning, and then a letter now and then until the server has had enough.</summary>
    private static async Task<(string Answer, TimeSpan Took)> TrickleAsync(Socket socket, string beginning)
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
            // Closed.
        }
        return (await reading, Stopwatch.GetElapsedTime(begun));
    }

    private static async Task<string> ReadAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var buffer = new byte[4096];
        var answer = new StringBuilder();
        try
        {
            while (await socket.ReceiveAsync(buffer, patience.Token) is > 0 and var count)
                answer.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }
        catch (SocketException)
        {
            // Reset.
        }
        return answer.ToString();
    }
}
