using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>Shell completion in a real bash.</summary>
public sealed class CompletionTests : IAsyncLifetime
{
    private readonly PorthorProgram program = new();

    public async ValueTask InitializeAsync() => await program.PrepareShellAsync();

    public ValueTask DisposeAsync() => program.DisposeAsync();

    [Theory]
    [InlineData("porthor tok", "token")]
    [InlineData("porthor token ", "create|list|revoke|show")]
    [InlineData("porthor token revoke --al", "--all-of")]
    [InlineData("porthor token list --output ", "json|table|wide")]
    [InlineData("porthor completion ", "bash|fish|zsh")]
    public async Task Bash_completes_commands_and_options(string line, string expected)
    {
        var words = line.Split(' ');
        var quoted = string.Join(' ', words.Select(word => $"'{word}'"));
        var script = $"""
            source <(porthor completion bash)
            COMP_LINE='{line}' COMP_POINT={line.Length} COMP_WORDS=({quoted}) COMP_CWORD={words.Length - 1}
            "$(complete -p porthor | sed -E 's/.*-F ([^ ]+).*/\1/')"
            printf '%s\n' "${"{COMPREPLY[@]}"}"
            """;
        var completed = await program.RunShellAsync(script);
        completed.ExitCode.ShouldBe(0, completed.Errors);
        var found = completed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var word in expected.Split('|'))
            found.ShouldContain(word);
        found.ShouldNotContain("complete");
        if (words[^1].Length > 0)
            found.ShouldBe(expected.Split('|'));
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _porthor porthor")]
    [InlineData("zsh", "compdef _porthor porthor")]
    [InlineData("fish", "complete --command porthor")]
    public async Task A_script_is_printed_for_each_shell(string shell, string line)
    {
        var printed = await program.RunAsync("completion", shell);
        (printed.ExitCode, printed.Errors).ShouldBe((0, ""));
        printed.Output.ShouldContain(line);
        if (shell == "bash")
            (await program.RunShellAsync("bash -n <(porthor completion bash)")).ExitCode.ShouldBe(0);
    }
}
