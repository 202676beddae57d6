using System.Text.RegularExpressions;

namespace Porthor.Testing;

/// <summary>Reads the commands of an operator documentation page.</summary>
internal static partial class OperatorPage
{
    public const string Backup = "backup.md";
    public const string Incidents = "incidents.md";
    public const string TakeOver = "take-over.md";

    /// <summary>Returns the commands of a section, one text for each code block.</summary>
    public static IReadOnlyList<string> Commands(string page, string heading)
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", page));
        var section = Heading.Split(text).Single(section => section.StartsWith(heading + "\n", StringComparison.Ordinal));
        return [.. Block.Matches(section).Select(block => block.Groups["commands"].Value)];
    }

    [GeneratedRegex("^##? ", RegexOptions.Multiline, 1000)]
    private static partial Regex Heading { get; }

    [GeneratedRegex("^ *```sh\n(?<commands>.*?)^ *```$",
        RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Block { get; }
}
