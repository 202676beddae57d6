using System.Net;
using System.Net.Sockets;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>Starting and stopping the program, also if it cannot start and if it is killed.</summary>
public sealed class StartAndStopTests : IAsyncLifetime
{
    private readonly PorthorProgram program = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => program.DisposeAsync();

    [Fact]
    public async Task An_issued_token_is_valid_after_a_kill()
    {
        // Killed directly after the response, without time for cleanup.
        var first = await FirstStartServer.StartAsync(program);
        var made = await FirstStartServer.RunInShellAsync($"{first.Lines[0]}\necho \"$TOKEN\"");
        await first.Program.KillAsync();
        made.Output.ShouldStartWith("gt-");

        // The next start needs no repair and accepts the token.
        var second = await FirstStartServer.StartAsync(program);
        using var client = new HttpClient { BaseAddress = new Uri(second.Url) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", made.Output.Trim());
        using var answer = await client.GetAsync("/auth/api/v1/token-info");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        client.DefaultRequestHeaders.Authorization = new("Bearer", made.Output.Trim() + "x");
        using var refused = await client.GetAsync("/auth/api/v1/token-info");
        refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_stop_signal_ends_the_program_without_errors()
    {
        var server = await FirstStartServer.StartAsync(program);
        var ended = await server.Program.TerminateAsync();
        ended.ExitCode.ShouldBe(0);
        ended.Errors.ShouldBe(server.Banner);
    }

    [Fact]
    public async Task A_port_in_use_is_reported_in_one_sentence()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        ShouldFail(await program.RunAsync("run", "--port", $"{port}"), $"Cannot listen on http://127.0.0.1:{port}: ");
    }

    [Fact]
    public async Task A_data_directory_that_is_a_file_is_reported_in_one_sentence()
    {
        var path = Path.Combine(program.Folder, "porthor-data");
        await File.WriteAllTextAsync(path, "not a folder");
        ShouldFail(await program.RunAsync("run", "--port", "0"), $"The data directory {path} cannot be used: ");
        (await File.ReadAllTextAsync(path)).ShouldBe("not a folder");
    }

    [Theory]
    [InlineData("session-secret", "a Fernet key")]
    [InlineData("bootstrap-token", "a token")]
    public async Task A_damaged_secret_is_rejected_and_not_replaced(string name, string wanted)
    {
        var data = Directory.CreateDirectory(Path.Combine(program.Folder, "porthor-data")).FullName;
        var path = Path.Combine(data, name);
        await File.WriteAllTextAsync(path, "spoilt");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        ShouldFail(await program.RunAsync("run", "--port", "0"), $"The file {name} in {data} does not contain {wanted}.");
        (await File.ReadAllTextAsync(path)).ShouldBe("spoilt");
    }

    [Fact]
    public async Task A_second_server_on_the_same_data_is_rejected_and_commands_are_not()
    {
        await FirstStartServer.StartAsync(program);
        var data = Path.Combine(program.Folder, "porthor-data");
        ShouldFail(await program.RunAsync("run", "--port", "0"), $"Another server is running on the data directory {data}.");
        (await program.RunAsync("token", "list")).ShouldBe(
            new Outcome(0, "", $"Working on the embedded deployment at {data}\nListed 0 tokens\n"));
    }

    private static void ShouldFail(Outcome outcome, string beginning)
    {
        outcome.ExitCode.ShouldBe(1);
        outcome.Errors.ShouldStartWith($"Error: {beginning}");
        outcome.Errors.TrimEnd('\n').ShouldNotContain('\n');
        outcome.Output.ShouldBeEmpty();
    }
}
