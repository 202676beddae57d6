using System.CommandLine;

namespace Porthor.Server.Commands;

/// <summary>The <c>--yes</c> option, and the question that it answers.</summary>
internal sealed class Confirmation
{
    private readonly Option<bool> yes = new("--yes", "-y") { Description = "Do not ask for confirmation" };

    public static Confirmation AddTo(Command command)
    {
        var confirmation = new Confirmation();
        command.Options.Add(confirmation.yes);
        return confirmation;
    }

    /// <summary>Asks on the terminal, unless <c>--yes</c> was given.</summary>
    /// <param name="effect">What the command will do, as a sentence.</param>
    /// <param name="word">What must be typed to continue.</param>
    /// <exception cref="CommandFailure">The answer was another, or there is no terminal to ask on.</exception>
    public void Require(ParseResult parsed, string effect, string word)
    {
        if (parsed.GetValue(yes))
            return;
        if (Console.IsInputRedirected)
            throw new CommandFailure($"{effect} There is no terminal to ask for confirmation. Add --yes to do it.", CommandLineErrors.UsageExitCode);
        Console.Error.Write($"{effect} Type '{word}' to continue: ");
        if (Console.ReadLine()?.Trim() != word)
            throw new CommandFailure("Nothing was changed.");
    }
}
