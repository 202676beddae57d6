using System.CommandLine;
using Porthor.Server.Accounts;
using Spectre.Console;

namespace Porthor.Server.Commands;

/// <summary>
/// <c>porthor hash-password</c>: prints the hash of a password, for <c>localUsers</c>. The password is not an argument, because other
/// users of the host can see the arguments of a process.
/// </summary>
internal static class HashPasswordCommand
{
    private const int MinLength = 8;
    private const int MaxLength = 1024;

    /// <summary>The minimum length of a password that is the only factor (NIST SP 800-63B-4, 3.1.1.2).</summary>
    private const int RecommendedLength = 15;

    public static Command Create()
    {
        var command = new Command(
            "hash-password", "Print the hash of a password for localUsers; the password is prompted for, or read from standard input");
        command.SetAction((_, _) => CommandExtensions.GuardAsync(() => Task.FromResult(Run()), verbose: false));
        return command;
    }

    private static int Run()
    {
        var password = Console.IsInputRedirected ? Console.In.ReadLine() ?? "" : ReadPassword();
        switch (password.Length)
        {
            case 0:
                throw new CommandFailure("No password was given.");
            case < MinLength:
                throw new CommandFailure($"The password is too short: it must have {MinLength} characters or more.");
            case > MaxLength:
                throw new CommandFailure($"The password is too long: it must have {MaxLength} characters at most.");
            case < RecommendedLength:
                Console.Error.WriteLine(
                    $"Note: a password of fewer than {RecommendedLength} characters is weak if it is the only factor.");
                break;
        }
        StandardOutput.WriteLine(PasswordHash.Of(password).Reveal());
        return 0;
    }

    /// <summary>
    /// Prompts twice for the password without displaying it. The prompts are printed on standard error; standard output contains only the
    /// hash.
    /// </summary>
    private static string ReadPassword()
    {
        var terminal = AnsiConsole.Create(
            new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error), Interactive = InteractionSupport.Yes });
        var password = terminal.Prompt(Prompt("Password:"));
        return terminal.Prompt(Prompt("Again:")) == password ? password : throw new CommandFailure("The passwords do not match.");
    }

    private static TextPrompt<string> Prompt(string text) => new TextPrompt<string>(text).Secret(mask: null).AllowEmpty();
}
