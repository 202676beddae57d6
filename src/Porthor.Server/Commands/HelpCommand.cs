using System.CommandLine;

namespace Porthor.Server.Commands;

/// <summary><c>porthor help [COMMAND]</c>.</summary>
internal static class HelpCommand
{
    public static Command Create(RootCommand root)
    {
        var topic = new Argument<string[]>("COMMAND") { Description = "The command to explain", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("help", "Show the commands, or one of them") { topic };
        command.SetAction(parsed =>
        {
            Command about = root;
            foreach (var name in parsed.GetValue(topic) ?? [])
            {
                if (about.Subcommands.FirstOrDefault(subcommand => subcommand.Name == name) is not { } found)
                {
                    Console.Error.WriteLine($"Error: Unknown help topic {name}");
                    return 2;
                }
                about = found;
            }
            string[] path = about == root ? ["--help"] : [.. parsed.GetValue(topic)!, "--help"];
            return root.Parse(path).Invoke();
        });
        return command;
    }
}
