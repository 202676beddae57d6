using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>A data directory that other users can read or change is rejected, and the message explains how to correct it.</summary>
public sealed partial class DataPermissionsTests : IAsyncLifetime
{
    private readonly PorthorProgram program = new();

    private string Data => Path.Combine(program.Folder, "porthor-data");

    public async ValueTask InitializeAsync()
    {
        var initialized = await program.RunAsync("init");
        initialized.ExitCode.ShouldBe(0, initialized.Errors);
    }

    public ValueTask DisposeAsync() => program.DisposeAsync();

    [Theory]
    [InlineData("777", "700")]
    [InlineData("770", "700")]
    [InlineData("775", "700")]
    [InlineData("702", "700")]
    [InlineData("1777", "700")]
    public async Task A_data_directory_that_others_can_write_to_is_rejected(string mode, string correctMode)
    {
        await program.RunShellAsync($"chmod {mode} '{Data}'");
        await ShouldBeRejectedUntilCorrectedAsync(
            $"chmod {correctMode} {Data}",
            $"The data directory {Data} has mode {mode.PadLeft(4, '0')} and belongs to {Environment.UserName}.");
    }

    [Theory]
    [InlineData("session-secret", "666")]
    [InlineData("session-secret", "644")]
    [InlineData("session-secret", "640")]
    [InlineData("session-secret", "602")]
    [InlineData("bootstrap-token", "604")]
    [InlineData("porthor.db", "644")]
    [InlineData("porthor.db", "660")]
    [InlineData("local-admin", "644")]
    [InlineData("porthor.db-wal", "644")]
    [InlineData("porthor.db-shm", "666")]
    public async Task A_file_that_others_can_read_or_write_is_rejected(string name, string mode)
    {
        var path = Path.Combine(Data, name);
        await program.RunShellAsync($"touch '{path}' && chmod {mode} '{path}'");
        await ShouldBeRejectedUntilCorrectedAsync(
            $"chmod 600 {path}", $"The file {path} has mode 0{mode} and belongs to {Environment.UserName}.");
    }

    [Theory]
    [InlineData("porthor.db")]
    [InlineData("session-secret")]
    [InlineData("bootstrap-token")]
    [InlineData("porthor.db-wal")]
    [InlineData("lock")]
    public async Task A_symbolic_link_in_place_of_a_file_is_rejected(string name)
    {
        var path = Path.Combine(Data, name);
        var target = Path.Combine(program.Folder, "elsewhere");
        await program.RunShellAsync(
            $"if [ -e '{path}' ]; then mv '{path}' '{target}'; else touch '{target}'; chmod 600 '{target}'; fi; ln -s '{target}' '{path}'");
        foreach (var verb in (string[][])[["run", "--port", "0"], ["token", "list"]])
        {
            var outcome = await program.RunAsync(verb);
            outcome.ExitCode.ShouldBe(1);
            outcome.Errors.ShouldContain(
                $"The file {path} is a symbolic link to {target}, which has mode 0600 and belongs to {Environment.UserName}.");
            outcome.Errors.ShouldContain($"Run: mv {target} {path}\n");
        }
        await program.RunShellAsync($"mv {target} {path}");
        var corrected = await program.RunAsync("token", "list");
        corrected.ExitCode.ShouldBe(0, corrected.Errors);
    }

    /// <summary>The log of the database is beside the target of the link. Without it, the latest changes would be lost.</summary>
    [Fact]
    public async Task A_linked_database_is_moved_with_its_log()
    {
        var (path, target) = (Path.Combine(Data, "porthor.db"), Path.Combine(program.Folder, "elsewhere"));
        await program.RunShellAsync($"mv {path} {target}; ln -s ../elsewhere {path}; touch {target}-wal");
        (await program.RunAsync("token", "list")).Errors.ShouldContain($"Run: mv {target} {path} && mv {target}-wal {path}-wal\n");
        // A link to a missing file.
        await program.RunShellAsync($"rm {target} {target}-wal");
        var missing = (await program.RunAsync("run", "--port", "0")).Errors;
        missing.ShouldContain($"The file {path} is a symbolic link to {target}, which does not exist.");
        missing.ShouldContain($"Run: rm {path}\n");
    }

    /// <summary>Earlier versions created it with the umask of the process.</summary>
    [Fact]
    public async Task The_lock_file_contains_no_secret_and_can_have_any_mode()
    {
        await program.RunShellAsync($"touch '{Data}/lock' && chmod 644 '{Data}/lock'");
        (await program.RunAsync("token", "list")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task A_data_directory_of_another_user_is_rejected()
    {
        if (Environment.UserName != "root")
            Assert.Skip("Only root can give a directory to another user.");
        await program.RunShellAsync($"chown -R daemon '{Data}' && chmod 755 '{program.Folder}' '{Data}'");
        program.RunsAsNobody = true;
        var outcome = await program.RunAsync("run", "--port", "0");
        outcome.ExitCode.ShouldBe(1);
        outcome.Errors.ShouldContain($"The data directory {Data} has mode 0755 and belongs to daemon.");
        outcome.Errors.ShouldContain("Porthor runs as nobody");
    }

    [Fact]
    public async Task A_data_directory_that_is_a_symbolic_link_to_a_private_directory_is_used()
    {
        var link = Path.Combine(program.Folder, "link");
        await program.RunShellAsync($"ln -s '{Data}' '{link}'");
        (await program.RunAsync("token", "list", "--data-dir", link)).ExitCode.ShouldBe(0);
    }

    [Theory]
    [InlineData("session-secret")]
    [InlineData("bootstrap-token")]
    [InlineData("porthor.db")]
    public async Task A_file_of_another_user_is_rejected_also_for_root(string name)
    {
        if (Environment.UserName != "root")
            Assert.Skip("Only root can give a file to another user.");
        await program.RunShellAsync($"chown daemon 'porthor-data/{name}'");
        var outcome = await program.RunAsync("token", "list");
        outcome.ExitCode.ShouldBe(1);
        outcome.Errors.ShouldContain($"The file {Data}/{name} has mode 0600 and belongs to daemon. Porthor runs as root.");
    }

    [Fact]
    public async Task A_secret_file_or_environment_file_that_others_can_change_is_rejected()
    {
        var secret = Path.Combine(program.Folder, "secret");
        await program.RunShellAsync(
            $"cp porthor-data/session-secret {secret} && chmod 666 {secret} && echo 'PORTHOR_LOG_LEVEL=INFO' > env && chmod 602 env");
        (await program.RunAsync("token", "list", "--env-file", $"{program.Folder}/env")).Errors
            .ShouldContain(
                $"The environment file {program.Folder}/env cannot be used: the file has mode 0602 and belongs to {Environment.UserName}; "
                    + $"other users could change it. Run: chmod go-w {program.Folder}/env");
        program.Variables["PORTHOR_SESSION_SECRET_FILE"] = secret;
        (await program.RunAsync("token", "list")).Errors
            .ShouldContain(
                $"PORTHOR_SESSION_SECRET_FILE: '{secret}': the file has mode 0666 and belongs to {Environment.UserName}; other users could "
                    + $"change it. Run: chmod go-w {secret}");
        // Docker and Kubernetes mount secrets with this mode.
        await program.RunShellAsync($"chmod 444 {secret}");
        var outcome = await program.RunAsync("token", "list");
        outcome.ExitCode.ShouldBe(0, outcome.Errors);
    }

    private async Task ShouldBeRejectedUntilCorrectedAsync(string correction, string message)
    {
        foreach (var verb in (string[][])[["run", "--port", "0"], ["token", "list"]])
        {
            var outcome = await program.RunAsync(verb);
            outcome.ExitCode.ShouldBe(1);
            outcome.Errors.ShouldContain(message);
            outcome.Errors.ShouldContain(correction);
        }
        await program.RunShellAsync(correction);
        var corrected = await program.RunAsync("token", "list");
        corrected.ExitCode.ShouldBe(0, corrected.Errors);
    }
}
