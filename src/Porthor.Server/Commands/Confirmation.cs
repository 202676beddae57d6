using System.CommandLine;

namespace Porthor.Server.Commands;

/// <summary>Represents the <c>--yes</c> option and the confirmation that it replaces.</summary>
internal sealed class Confirmation
{
    private readonly Option<bool> yes = new("--yes", "-y") { Description = "Do not ask for confirmation" };

    public static Confirmation AddTo(Command command)
    {
        var confirmation = new Confirmation();
        command.Options.Add(confirmation.yes);
        return confirmation;
    }

    /// <summary>Asks for confirmation on the terminal, unless <c>--yes</c> is given.</summary>
    /// <param name="effect">What the command will do, as a sentence.</param>
    /// <param name="word">The word that the user must type to continue.</param>
    /// <exception cref="CommandFailure">The user typed something else, or there is no terminal.</exception>
    public void Require(ParseResult parsed, string effect, string word)
    {
        if (parsed.GetValue(yes))
            return;
        if (Console.IsInputRedirected)
            throw new CommandFailure(
                $"{effect} There is no terminal to ask for confirmation. To confirm, add --yes.", CommandLineErrors.UsageExitCode);
        Console.Error.Write($"{effect} Type '{word}' to continue: ");
        if (Console.ReadLine()?.Trim() != word)
            throw new CommandFailure("Nothing was changed.");
    }
}
