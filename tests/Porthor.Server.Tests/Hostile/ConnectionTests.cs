using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Porthor.Server.Tests.Commands;
using Porthor.Testing;

namespace Porthor.Server.Tests.Hostile;

/// <summary>
/// Clients that hold connections without using them. Connections of slow clients are closed, and other clients are served as usual.
/// <c>PORTHOR_CONNECTIONS</c> sets a number larger than a thousand.
/// </summary>
public sealed partial class ConnectionTests : IAsyncLifetime
{
    private const long MaxGrowth = 200 * 1024 * 1024;

    private static readonly int Connections = int.Parse(
        Environment.GetEnvironmentVariable("PORTHOR_CONNECTIONS") ?? "1000", CultureInfo.InvariantCulture);

    /// <summary>The maximum duration of other requests, on a machine that is busy with other tests.</summary>
    private static readonly TimeSpan MaxDuration = TimeSpan.FromSeconds(15);

    private readonly PorthorProgram program = new();
    private readonly List<Socket> sockets = [];
    private FirstStartServer server = null!;

    public async ValueTask InitializeAsync() => server = await FirstStartServer.StartAsync(program);

    public async ValueTask DisposeAsync()
    {
        sockets.ForEach(socket => socket.Dispose());
        await program.DisposeAsync();
    }

    [Fact]
    public async Task Idle_connections_need_little_memory_and_do_not_affect_others()
    {
        await OtherClientsShouldBeServedAsync();
        var before = server.Program.ResidentBytes;
        for (var i = 0; i < Connections; i++)
            await ConnectAsync();
        // Half of the clients have sent one request and keep their connection.
        foreach (var socket in sockets.Where((_, number) => number % 2 == 0))
            await socket.SendAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        await OtherClientsShouldBeServedAsync();
        (server.Program.ResidentBytes - before).ShouldBeLessThan(MaxGrowth);
    }

    /// <summary>Slow headers have a time limit of ten seconds, and a slow body of five.</summary>
    [Fact]
    public async Task A_slow_request_is_disconnected()
    {
        const int each = 50;
        var token = (await File.ReadAllTextAsync(Path.Combine(program.Folder, "porthor-data", "bootstrap-token"))).Trim();
        List<Task<(string Answer, TimeSpan Took)>> slow = [];
        for (var i = 0; i < each; i++)
        {
            slow.Add(SendSlowlyAsync(await ConnectAsync(), "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "));
            slow.Add(SendSlowlyAsync(
                await ConnectAsync(),
                $"POST /auth/api/v1/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: "
                    + $"application/json\r\nContent-Length: 1000\r\n\r\n"));
        }
        var all = Task.WhenAll(slow);
        while (!all.IsCompleted)
            await OtherClientsShouldBeServedAsync();
        foreach (var (answer, took) in await all)
        {
            (answer.Length == 0 || answer.StartsWith("HTTP/1.1 408", StringComparison.Ordinal)).ShouldBeTrue(answer);
            took.ShouldBeLessThan(TimeSpan.FromSeconds(20));
        }
    }

    /// <summary>Requests whose responses are not read are stopped by flow control and do not fill the memory.</summary>
    [Fact]
    public async Task A_client_that_does_not_read_responses_is_stopped()
    {
        var before = server.Program.ResidentBytes;
        var request = Encoding.ASCII.GetBytes(
            string.Concat(Enumerable.Repeat("GET /auth/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 1000)));
        List<Task<long>> floods = [];
        for (var i = 0; i < 20; i++)
        {
            var socket = await ConnectAsync();
            floods.Add(Task.Run(() => SendUntilBlocked(socket, request), TestContext.Current.CancellationToken));
        }
        // Sends requests until the server accepts no more data from any client.
        var flood = Task.WhenAll(floods);
        while (!flood.IsCompleted)
            await OtherClientsShouldBeServedAsync();
        (await flood).Sum().ShouldBeGreaterThan(0);
        (server.Program.ResidentBytes - before).ShouldBeLessThan(MaxGrowth);
    }

    [Theory]
    [InlineData("X-Large: ", 1024 * 1024, "")]
    [InlineData("Cookie: gafaelfawr=", 1024 * 1024, "")]
    [InlineData("Authorization: Bearer ", 1024 * 1024, "")]
    public async Task A_header_of_one_MiB_is_rejected(string name, int length, string rest)
    {
        var socket = await ConnectAsync();
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: x\r\n{name}{new string('x', length)}{rest}\r\n\r\n"));
        }
        catch (SocketException)
        {
            // The server has read enough and closed the connection.
        }
        (await ReadAsync(socket)).ShouldStartWith("HTTP/1.1 431");
        await OtherClientsShouldBeServedAsync();
    }
}
