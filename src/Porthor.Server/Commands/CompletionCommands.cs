using System.CommandLine;

namespace Porthor.Server.Commands;

/// <summary>
/// Implements <c>porthor completion bash|zsh|fish</c>, which prints a script for a shell. The script calls the hidden command
/// <c>complete</c>, so the completions are always those of the installed version.
/// </summary>
internal static class CompletionCommands
{
    private const string Bash =
        """
        # Completion of porthor for bash. Load it with:  source <(porthor completion bash)
        _porthor() {
            mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" complete "$COMP_POINT" "$COMP_LINE" 2>/dev/null)
        }
        complete -o default -F _porthor porthor
        """;

    private const string Zsh =
        """
        #compdef porthor
        # Completion of porthor for zsh. Load it with:  source <(porthor completion zsh)
        _porthor() {
            local line="${(j: :)words[1,CURRENT]}"
            local -a found
            found=("${(@f)$("${words[1]}" complete "${#line}" "$line" 2>/dev/null)}")
            if [[ -n "${found[1]}" ]]; then compadd -a found; else _files; fi
        }
        compdef _porthor porthor
        """;

    private const string Fish =
        """
        # Completion of porthor for fish. Load it with:  porthor completion fish | source
        complete --command porthor --arguments '(porthor complete (string length -- (commandline -cp)) (commandline -cp) 2>/dev/null)'
        """;

    /// <summary>Creates <c>porthor completion SHELL</c>.</summary>
    public static Command CreateScript() => new("completion", "Print a script that completes commands and options in a shell")
    {
        CreateShell("bash", Bash), CreateShell("zsh", Zsh), CreateShell("fish", Fish),
    };

    /// <summary>Creates <c>porthor complete POSITION LINE</c>, which prints one completion per line.</summary>
    public static Command CreateComplete(RootCommand root)
    {
        var position = new Argument<string>("POSITION") { Description = "Position of the cursor in the line" };
        var line = new Argument<string>("LINE") { Description = "The command line" };
        var command = new Command("complete", "Print the completions of a command line") { position, line };
        command.Hidden = true;
        command.SetWork(parsed =>
        {
            if (!int.TryParse(parsed.GetValue(position), out var at) || at < 0)
                throw new CommandFailure("POSITION takes a number that is not negative", CommandLineErrors.UsageExitCode);
            foreach (var completion in Complete(root, parsed.GetValue(line)!, at))
                Console.Out.WriteLine(completion);
            return 0;
        });
        return command;
    }

    /// <summary>Returns the possible completions at the cursor, in alphabetical order.</summary>
    public static IEnumerable<string> Complete(RootCommand root, string line, int position)
    {
        var typed = line[..Math.Min(position, line.Length)].TrimStart();
        // The first word is the program, which can have any name.
        var end = typed.IndexOf(' ', StringComparison.Ordinal);
        if (end < 0)
            return [];
        var rest = typed[end..].TrimStart();
        var word = rest[(rest.LastIndexOf(' ') + 1)..];
        return PorthorCommand.Parse(root, rest).GetCompletions(rest.Length)
            .Select(item => item.InsertText ?? item.Label)
            // The library also returns words that contain the text in the middle. The Windows forms of the help option are omitted.
            .Where(
                text => text.StartsWith(word, StringComparison.Ordinal) && !text.StartsWith('/')
                    && !text.StartsWith("-?", StringComparison.Ordinal))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
    }

    private static Command CreateShell(string shell, string script)
    {
        var command = new Command(shell, $"Print the script for {shell}");
        command.SetWork(_ =>
        {
            Console.Out.WriteLine(script);
            return 0;
        });
        return command;
    }
}
