using System.Net;
using System.Net.Sockets;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>Porthor connects to PostgreSQL, and a proxy connects to Porthor, through Unix sockets.</summary>
public sealed class UnixSocketTests
{
    [Fact]
    public async Task The_database_and_the_proxy_are_reached_through_sockets()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        await using var program = await PorthorProgram.ForAsync(deployment, "proxies: ['127.0.0.0/8']");
        var postgres = await RealServers.Instance.PostgresAsync();
        program.Variables["PORTHOR_DATABASE_URL"] =
            $"postgresql://{PostgresServer.User}@/{deployment.DatabaseName}?host={postgres.Folder}&port={postgres.Port}";
        var path = Path.Combine(program.Folder, "porthor.sock");
        await UseAsync(program, deployment, path, end: running => running.KillAsync());
        // The socket of a killed server still exists; the next start removes it.
        File.Exists(path).ShouldBeTrue();
        await UseAsync(program, deployment, path, end: running => running.TerminateAsync());
    }

    [Fact]
    public async Task A_file_in_place_of_the_socket_is_not_deleted()
    {
        await using var program = new PorthorProgram();
        var path = Path.Combine(program.Folder, "porthor.sock");
        await File.WriteAllTextAsync(path, "not a socket");
        var outcome = await program.RunAsync("run", "--urls", $"http://unix:{path}");
        outcome.ExitCode.ShouldBe(1);
        outcome.Errors.ShouldContain($"Cannot listen on http://unix:{path}");
        (await File.ReadAllTextAsync(path)).ShouldBe("not a socket");
    }

    private static async Task UseAsync(PorthorProgram program, Deployment deployment, string path, Func<RunningProgram, Task> end)
    {
        var running = program.Start("run", "--urls", $"http://unix:{path}");
        using var client = new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, stop) => ConnectAsync(path, stop) })
        {
            BaseAddress = new Uri("http://example.com")
        };
        await running.WaitUntilAsync(
            async () =>
            {
                try
                {
                    using var health = await client.GetAsync("/health");
                    return health.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the server");
        var bootstrap = deployment.Settings.BootstrapToken!.Reveal();
        using var creation = new HttpRequestMessage(HttpMethod.Post, "/auth/api/v1/tokens");
        creation.Content = new StringContent(
            $$"""{"username":"socket-user","token_type":"user","token_name":"{{Guid.NewGuid():N}}","scopes":["read:all"]}""", null,
            "application/json");
        creation.Headers.TryAddWithoutValidation("Authorization", $"Bearer {bootstrap}");
        using var created = await client.SendAsync(creation);
        var body = await created.Content.ReadAsStringAsync();
        created.StatusCode.ShouldBe(HttpStatusCode.Created, body);
        var token = System.Text.Json.JsonDocument.Parse(body).RootElement.GetProperty("token").GetString();

        // A trusted proxy: its headers about the request and the client are accepted.
        using var originalRequest = new HttpRequestMessage(HttpMethod.Get, "/ingress/forward?scope=read:all");
        foreach (var (name, value) in (IEnumerable<(string, string)>)[
            ("Authorization", $"Bearer {token}"), ("X-Forwarded-Method", "GET"), ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "example.com"),
            ("X-Forwarded-Uri", "/page"), ("X-Forwarded-For", "203.0.113.9")])
            originalRequest.Headers.TryAddWithoutValidation(name, value);
        using var answer = await client.SendAsync(originalRequest);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        answer.Headers.GetValues("X-Auth-Request-User").ShouldBe(["socket-user"]);
        await running.WaitUntilAsync(
            () => Task.FromResult(running.Output.Contains("\"remoteIp\":\"203.0.113.9\"", StringComparison.Ordinal)), "the line of log");
        await end(running);
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
