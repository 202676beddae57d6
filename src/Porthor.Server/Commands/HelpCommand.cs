using System.CommandLine;

namespace Porthor.Server.Commands;

/// <summary><c>porthor help [COMMAND]</c>: prints the list of commands or the help of one command.</summary>
internal static class HelpCommand
{
    public static Command Create(RootCommand root)
    {
        var topic = new Argument<string[]>("COMMAND") { Description = "The command to describe", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("help", "Show the list of commands, or the help of one command") { topic };
        command.SetWork(parsed =>
        {
            Command about = root;
            foreach (var name in parsed.GetValue(topic) ?? [])
            {
                if (about.Subcommands.FirstOrDefault(subcommand => subcommand.Name == name) is not { } found)
                {
                    Console.Error.WriteLine($"Error: Unknown help topic {CommandLineErrors.Display(name)}");
                    return CommandLineErrors.UsageExitCode;
                }
                about = found;
            }
            string[] path = about == root ? ["--help"] : [.. parsed.GetValue(topic)!, "--help"];
            return root.Parse(path).Invoke();
        });
        return command;
    }
}
