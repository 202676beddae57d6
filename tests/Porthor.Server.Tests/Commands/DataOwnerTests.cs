using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>Commands that root runs for a service leave no file that the service's user cannot access.</summary>
public sealed class DataOwnerTests : IAsyncLifetime
{
    private const string Owner = "daemon";

    private readonly PorthorProgram program = new();

    private string Data => Path.Combine(program.Folder, "porthor-data");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => program.DisposeAsync();

    [Fact]
    public async Task Files_belong_to_the_owner_of_the_data_directory()
    {
        if (Environment.UserName != "root")
            Assert.Skip("Only root can run commands on the files of another user.");
        await program.PrepareShellAsync();
        await RunScriptAsync($"chmod 755 . && install -d -o {Owner} -g {Owner} -m 700 porthor-data");
        foreach (var verb in (string[][])[["init"], ["token", "create", "-u", "ann"], ["local-admin", "reset-password"], ["audit", "--fix"],
            ["maintenance"], ["token", "revoke", "--all-of", "ann", "-y"], ["rotate-session-secret"]])
        {
            var outcome = await program.RunAsync(verb);
            outcome.ExitCode.ShouldBe(0, $"{string.Join(' ', verb)}: {outcome.Errors}");
            (await RunScriptAsync("find porthor-data ! -user daemon -o ! -group daemon")).ShouldBeEmpty(string.Join(' ', verb));
        }
        File.Exists(Path.Combine(Data, "local-admin")).ShouldBeTrue();

        // A server that root starts by mistake does not change this either.
        var server = await FirstStartServer.StartAsync(program);
        (await RunScriptAsync("find porthor-data ! -user daemon -o ! -group daemon")).ShouldBeEmpty();
        (await RunScriptAsync($"ps -o user= -p {server.Program.Id}")).Trim().ShouldBe(Owner);
        (await server.Program.TerminateAsync()).ExitCode.ShouldBe(0);
    }

    /// <summary>The service's user, or an attacker with its permissions, cannot make root write to other files.</summary>
    [Fact]
    public async Task A_symbolic_link_in_the_directory_is_not_followed_by_root()
    {
        if (Environment.UserName != "root")
            Assert.Skip("Only root can run commands on the files of another user.");
        await program.PrepareShellAsync();
        await RunScriptAsync($"chmod 755 . && install -d -o {Owner} -g {Owner} -m 700 porthor-data");
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        await RunScriptAsync(
            "install -m 600 /dev/null precious && echo precious > precious && rm -f porthor-data/porthor.db-wal && ln -s \"$PWD/precious\" "
                + "porthor-data/porthor.db-wal");
        (await program.RunAsync("token", "create", "-u", "ann")).ExitCode.ShouldBe(1);
        (await RunScriptAsync("cat precious; stat -c %U precious")).ShouldBe("precious\nroot\n");
    }

    [Theory]
    [InlineData("session-secret")]
    [InlineData("bootstrap-token")]
    [InlineData("porthor.db")]
    public async Task A_file_of_another_user_is_named_with_its_owner_and_the_current_user(string name)
    {
        if (Environment.UserName != "root")
            Assert.Skip("Only root can give a file to another user.");
        await program.PrepareShellAsync();
        await RunScriptAsync($"chmod 755 . && install -d -o {Owner} -g {Owner} -m 700 porthor-data");
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        await RunScriptAsync($"chown root porthor-data/{name}");
        var refused = await program.RunAsync("run", "--port", "0");
        refused.ExitCode.ShouldBe(1);
        refused.Errors.ShouldContain($"{Data}/{name}");
        refused.Errors.ShouldContain("belongs to root");
        refused.Errors.ShouldContain("mode 0600");
        refused.Errors.ShouldContain(Owner);
    }

    [Fact]
    public async Task A_directory_that_a_user_cannot_read_is_not_reported_as_missing()
    {
        if (Environment.UserName != "root")
            Assert.Skip("Only root can give a directory to another user.");
        await program.PrepareShellAsync();
        await RunScriptAsync($"chmod 755 . && install -d -o {Owner} -g {Owner} -m 700 porthor-data");
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        program.RunsAsNobody = true;
        var refused = await program.RunAsync("token", "list");
        refused.ExitCode.ShouldBe(1);
        refused.Errors.ShouldStartWith($"Error: The data directory {Data} has mode 0700 and belongs to {Owner}. ");
        refused.Errors.ShouldContain($" as {Owner}");
    }

    [Fact]
    public async Task A_directory_that_a_user_cannot_create_is_reported_with_the_user_and_a_command()
    {
        if (Environment.UserName != "root")
            Assert.Skip("Only root can run the program as another user.");
        await program.PrepareShellAsync();
        await RunScriptAsync("chmod 755 . && install -d -m 755 taken");
        program.RunsAsNobody = true;
        var path = Path.Combine(program.Folder, "taken", "data");
        var refused = await program.RunAsync("init", "--data-dir", path);
        refused.ExitCode.ShouldBe(1);
        refused.Errors.ShouldBe(
            $"Error: The data directory {path} cannot be created: permission denied. Porthor runs as nobody. "
            + $"Choose another with --data-dir, or run as root: install -d -o nobody -m 700 {path}\n");
    }

    private async Task<string> RunScriptAsync(string script)
    {
        var outcome = await program.RunShellAsync(script);
        outcome.ExitCode.ShouldBe(0, outcome.Errors);
        return outcome.Output;
    }
}
