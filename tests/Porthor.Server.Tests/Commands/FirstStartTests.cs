using System.Text.Json;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>The first start by a new user: the program in an empty folder without a configuration.</summary>
public sealed class FirstStartTests : IAsyncLifetime
{
    private readonly PorthorProgram program = new();

    private string Data => Path.Combine(program.Folder, "porthor-data");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => program.DisposeAsync();

    [Fact]
    public async Task The_commands_of_the_startup_banner_work()
    {
        var server = await FirstStartServer.StartAsync(program);

        // The banner contains the URL, the paths of the data and the token, and states that the data are new.
        server.Banner.ShouldContain($"\n  data             {Data} (new)\n");
        server.Banner.ShouldContain($"\n  bootstrap token  {Data}/bootstrap-token\n");
        server.Lines.Length.ShouldBe(3);
        server.Banner.ShouldStartWith($"Listening at {server.Url}\n");

        // Pasted together, the commands create a token, list it, and show its history.
        var result = await FirstStartServer.RunInShellAsync(string.Join('\n', [.. server.Lines, "echo \"$TOKEN\""]));
        result.Errors.ShouldBeEmpty();
        result.ExitCode.ShouldBe(0);
        var (list, history, token) = result.Output.TrimEnd('\n').Split('\n') switch
        {
            [var first, var second, var third] => (JsonDocument.Parse(first).RootElement, JsonDocument.Parse(second).RootElement, third),
            _ => throw new InvalidOperationException(result.Output),
        };
        token.ShouldStartWith("gt-");
        var key = token["gt-".Length..].Split('.')[0];
        list.EnumerateArray().Single().GetProperty("token").GetString().ShouldBe(key);
        list[0].GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()).ShouldBe(["read:all", "user:token"]);
        var change = history.EnumerateArray().Single();
        change.GetProperty("token").GetString().ShouldBe(key);
        // The token belongs to the user who signs in on the page.
        change.GetProperty("username").GetString().ShouldBe("admin");
        change.GetProperty("action").GetString().ShouldBe("create");
        change.GetProperty("actor").GetString().ShouldBe("<bootstrap>");

        // The command of the banner works as it is printed, although no program named porthor is installed.
        var command = server.Banner.Split('\n').Select(line => line.Trim()).Single(
            line => line.Contains(" token list ", StringComparison.Ordinal));
        var listed = await FirstStartServer.RunInShellAsync(command);
        (listed.ExitCode, listed.Output.Split('\t')[0]).ShouldBe((0, key), listed.Errors);

        // Neither the banner nor the log contains a secret.
        var ended = await server.Program.TerminateAsync();
        foreach (var secret in (string[])[
            token.Split('.')[1], Secret("bootstrap-token"), Secret("bootstrap-token").Split('.')[1], Secret("session-secret")])
        {
            ended.Output.ShouldNotContain(secret);
            ended.Errors.ShouldNotContain(secret);
        }
        // The log is not empty, so that the check above is effective.
        ended.Output.ShouldContain(key);
    }

    [Fact]
    public async Task Data_are_readable_only_by_their_owner_and_are_created_once()
    {
        var first = await FirstStartServer.StartAsync(program);
        File.GetUnixFileMode(Data).ShouldBe((UnixFileMode)0b111_000_000);
        foreach (var name in (string[])["bootstrap-token", "session-secret", "porthor.db", "porthor.db-wal", "porthor.db-shm"])
            File.GetUnixFileMode(Path.Combine(Data, name)).ShouldBe((UnixFileMode)0b110_000_000, name);
        var (bootstrapToken, sessionSecret) = (Secret("bootstrap-token"), Secret("session-secret"));
        (await first.Program.TerminateAsync()).ExitCode.ShouldBe(0);

        // The second start uses the existing data and does not call them new.
        var second = await FirstStartServer.StartAsync(program);
        second.Banner.ShouldContain($"\n  data             {Data}\n");
        (Secret("bootstrap-token"), Secret("session-secret")).ShouldBe((bootstrapToken, sessionSecret));
        (await FirstStartServer.RunInShellAsync(string.Join('\n', second.Lines))).ExitCode.ShouldBe(0);
        (await second.Program.TerminateAsync()).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Ten_concurrent_first_starts_succeed()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => program.RunAsync("init")));
        foreach (var outcome in outcomes)
            outcome.ExitCode.ShouldBe(0, outcome.Errors);
        (await program.RunAsync("token", "list")).ExitCode.ShouldBe(0);
    }

    /// <summary>A data directory that was restored only in part must not appear to work.</summary>
    [Fact]
    public async Task A_lost_session_secret_is_not_replaced()
    {
        var first = await FirstStartServer.StartAsync(program);
        (await first.Program.TerminateAsync()).ExitCode.ShouldBe(0);
        var secret = Path.Combine(Data, "session-secret");
        File.Move(secret, secret + ".kept");
        var outcome = await program.RunAsync("run", "--port", "0");
        (outcome.ExitCode, outcome.Output).ShouldBe((1, ""));
        outcome.Errors.ShouldStartWith($"Error: The data directory {Data} has a database but no file session-secret");
        (await program.RunAsync("token", "list")).Errors.ShouldBe(outcome.Errors);
        File.Exists(secret).ShouldBeFalse();

        // With the secret in the environment no file is needed, and the instructions of the message work.
        program.Variables["PORTHOR_SESSION_SECRET"] = (await File.ReadAllTextAsync(secret + ".kept")).Trim();
        (await program.RunAsync("token", "list")).ExitCode.ShouldBe(0);
        File.Delete(secret);
        program.Variables.Remove("PORTHOR_SESSION_SECRET");
        await File.WriteAllTextAsync(secret, (await program.RunAsync("generate-session-secret")).Output);
        File.SetUnixFileMode(secret, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await program.RunAsync("token", "list")).ExitCode.ShouldBe(0);
    }

    private string Secret(string name) => File.ReadAllText(Path.Combine(Data, name)).Trim();
}
