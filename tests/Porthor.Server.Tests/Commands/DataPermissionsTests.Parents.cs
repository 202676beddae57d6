namespace Porthor.Server.Tests.Commands;

public sealed partial class DataPermissionsTests
{
    /// <summary>A user who can write to a parent directory can replace the data directory.</summary>
    [Theory]
    [InlineData("777")]
    [InlineData("775")]
    [InlineData("757")]
    [InlineData("2777")]
    public async Task A_parent_directory_that_others_can_write_to_is_rejected(string mode)
    {
        await program.RunShellAsync(
            $"mkdir -p outer/inner && mv porthor-data outer/inner/data && chgrp nogroup outer && chmod {mode} outer");
        var outer = Path.Combine(program.Folder, "outer");
        foreach (var verb in (string[][])[["run", "--port", "0"], ["token", "list"], ["init"]])
        {
            var outcome = await program.RunAsync([.. verb, "--data-dir", $"{outer}/inner/data"]);
            outcome.ExitCode.ShouldBe(1);
            outcome.Errors.ShouldContain(
                $"The directory {outer}, which contains the data directory {outer}/inner/data, has mode {mode.PadLeft(4, '0')} and belongs "
                    + $"to {Environment.UserName}.");
            outcome.Errors.ShouldContain($"Run: chmod go-w {outer}");
        }
        await program.RunShellAsync($"chmod go-w {outer}");
        var corrected = await program.RunAsync("token", "list", "--data-dir", $"{outer}/inner/data");
        corrected.ExitCode.ShouldBe(0, corrected.Errors);
    }

    [Fact]
    public async Task A_new_data_directory_is_not_created_where_others_can_replace_it()
    {
        await program.RunShellAsync("mkdir open && chmod 777 open");
        (await program.RunAsync("init", "--data-dir", "open/data")).ExitCode.ShouldBe(1);
        Directory.Exists(Path.Combine(program.Folder, "open/data")).ShouldBeFalse();
        // With the sticky bit, as on /tmp, only the owner can rename it.
        await program.RunShellAsync("chmod 1777 open");
        var outcome = await program.RunAsync("init", "--data-dir", "open/data");
        outcome.ExitCode.ShouldBe(0, outcome.Errors);
    }

    /// <summary>The group of a Kubernetes volume (fsGroup) has no name in the container.</summary>
    [Fact]
    public async Task A_parent_directory_of_a_group_without_other_users_is_accepted()
    {
        if (Environment.UserName != "root")
            Assert.Skip("Only root can give a directory to another group.");
        await program.PrepareShellAsync();
        var outcome = await program.RunShellAsync(
            """
            mkdir volume && mv porthor-data volume/data && chown root:54321 volume && chmod 2775 volume
            porthor token list --data-dir volume/data || echo "exit $?"
            setpriv --groups 54321 "$(command -v porthor)" token list --data-dir volume/data && echo done
            """);
        outcome.Output.ShouldBe("exit 1\ndone\n", outcome.Errors);
    }

    [Fact]
    public async Task The_parents_of_a_symbolic_links_target_are_checked_too()
    {
        await program.RunShellAsync("mkdir open && mv porthor-data open/data && ln -s open/data link && chmod 777 open");
        var outcome = await program.RunAsync("token", "list", "--data-dir", "link");
        outcome.ExitCode.ShouldBe(1);
        outcome.Errors.ShouldContain(
            $"The directory {program.Folder}/open, which contains the data directory {program.Folder}/link, has mode 0777");
    }

    [Fact]
    public async Task A_parent_directory_or_link_of_another_user_is_rejected()
    {
        if (Environment.UserName != "root")
            Assert.Skip("Only root can give a directory to another user.");
        await program.RunShellAsync(
            "mkdir foreign && mv porthor-data foreign/data && chown daemon foreign && mkdir sticky && chmod 1777 sticky && ln -s "
                + "../foreign/data sticky/link && chown -h daemon sticky/link");
        var foreign = await program.RunAsync("token", "list", "--data-dir", "foreign/data");
        foreign.ExitCode.ShouldBe(1);
        foreign.Errors.ShouldContain(
            $"The directory {program.Folder}/foreign, which contains the data directory {program.Folder}/foreign/data, has mode 0755 and "
                + $"belongs to daemon. daemon could replace the data directory");
        await program.RunShellAsync("chown root foreign");
        (await program.RunAsync("token", "list", "--data-dir", "foreign/data")).ExitCode.ShouldBe(0);
        (await program.RunAsync("token", "list", "--data-dir", "sticky/link")).Errors.ShouldContain(
            $"The symbolic link {program.Folder}/sticky/link, which contains");
    }
}
