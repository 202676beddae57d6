using System.CommandLine;
using System.Text;

namespace Porthor.Server.Commands;

/// <summary>Represents the <c>--output</c> option of commands that can write their result to a file.</summary>
internal sealed class OutputOption
{
    private readonly Option<string?> path = new("--output")
    {
        Description = "Write to a file instead of standard output",
        HelpName = "PATH",
    };

    public static OutputOption AddTo(Command command)
    {
        var option = new OutputOption();
        command.Options.Add(option.path);
        return option;
    }

    /// <summary>Writes the text to standard output or the file. Creates a missing directory.</summary>
    public void Write(ParseResult parsed, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text.TrimEnd('\n') + "\n");
        if (parsed.GetValue(path) is not { } file)
        {
            using var output = Console.OpenStandardOutput();
            output.Write(bytes);
            return;
        }
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder)
            Directory.CreateDirectory(folder);
        File.WriteAllBytes(file, bytes);
    }
}
