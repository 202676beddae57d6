using Porthor.Server.Accounts;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary><c>porthor hash-password</c> as a process with a password on its standard input.</summary>
public sealed class HashPasswordTests : IAsyncLifetime
{
    private readonly PorthorProgram program = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => program.DisposeAsync();

    [Theory]
    [InlineData("correct horse battery staple\n")]
    [InlineData("correct horse battery staple")]
    [InlineData("correct horse battery staple\r\nand another line\n")]
    public async Task The_first_line_becomes_a_hash(string input)
    {
        var hashed = await program.RunWithInputAsync(input, "hash-password");
        (hashed.ExitCode, hashed.Errors).ShouldBe((0, ""));
        hashed.Output.Count(c => c == '\n').ShouldBe(1);
        PasswordHash.TryParse(hashed.Output.TrimEnd('\n'), out _)!.Matches("correct horse battery staple").ShouldBeTrue();
        // Nothing was created.
        Directory.GetFileSystemEntries(program.Folder).ShouldBeEmpty();
    }

    [Fact]
    public async Task Spaces_and_non_ASCII_letters_are_part_of_the_password()
    {
        var hashed = await program.RunWithInputAsync("  pässwörd mit Ümläuten \n", "hash-password");
        PasswordHash.TryParse(hashed.Output.TrimEnd('\n'), out _)!.Matches("  pässwörd mit Ümläuten ").ShouldBeTrue();
    }

    [Fact]
    public async Task A_weak_password_is_hashed_with_a_warning()
    {
        var hashed = await program.RunWithInputAsync("hunter22\n", "hash-password");
        (hashed.ExitCode, hashed.Errors).ShouldBe((0, "Note: a password of fewer than 15 characters is weak if it is the only factor.\n"));
        PasswordHash.TryParse(hashed.Output.TrimEnd('\n'), out _)!.Matches("hunter22").ShouldBeTrue();
    }

    [Theory]
    [InlineData(0, "No password was given.")]
    [InlineData(7, "The password is too short: it must have 8 characters or more.")]
    [InlineData(1025, "The password is too long: it must have 1024 characters at most.")]
    public async Task An_invalid_password_is_rejected(int length, string sentence) =>
        (await program.RunWithInputAsync(new string('x', length) + "\n", "hash-password")).ShouldBe(
            new Outcome(1, "", $"Error: {sentence}\n"));

    /// <summary>All users of the host can see command-line arguments.</summary>
    [Fact]
    public async Task A_password_is_not_accepted_as_an_argument()
    {
        var refused = await program.RunWithInputAsync("", "hash-password", "correct horse battery staple");
        (refused.ExitCode, refused.Output).ShouldBe((2, ""));
    }

    /// <summary>A terminal is prompted twice without echo. Standard output contains only the hash.</summary>
    [Theory]
    [InlineData("correct horse battery staple", 0)]
    [InlineData("correct horse battery stable", 1)]
    public async Task A_terminal_is_prompted_twice(string again, int exitCode)
    {
        var porthor = $"dotnet '{PorthorProgram.ProgramFile}' hash-password";
        // Uses a pseudo-terminal and sends each line after its prompt.
        var script = $$"""
            mkfifo keys
            exec 3<>keys
            script -qefc "{{porthor}} >hash 2>screen" /dev/null <&3 >echoed &
            until grep -q Password: screen 2>/dev/null; do sleep 0.05; done; printf 'correct horse battery staple\r' >&3
            until grep -q Again: screen; do sleep 0.05; done; printf '{{again}}\r' >&3
            wait $! && code=0 || code=$?
            cat screen echoed
            exit $code
            """;
        var shown = await program.RunShellAsync(script);
        shown.ExitCode.ShouldBe(exitCode, shown.Output);
        shown.Output.ShouldContain("Again:");
        shown.Output.ShouldNotContain("correct");
        var hash = await File.ReadAllTextAsync(Path.Combine(program.Folder, "hash"));
        if (exitCode == 0)
            PasswordHash.TryParse(hash.TrimEnd('\n'), out _)!.Matches("correct horse battery staple").ShouldBeTrue();
        else
            (hash, shown.Output.Contains("Error: The passwords do not match.", StringComparison.Ordinal)).ShouldBe(("", true));
    }
}
