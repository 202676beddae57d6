using System.Text.RegularExpressions;

namespace Porthor.Testing;

/// <summary>What a page for operators tells them to type.</summary>
internal static partial class OperatorPage
{
    public const string Backup = "backup.md";
    public const string Incidents = "incidents.md";
    public const string TakeOver = "take-over.md";

    /// <summary>The commands of a section, a text for each block of them.</summary>
    public static IReadOnlyList<string> Commands(string page, string heading)
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", page));
        var section = Heading.Split(text).Single(section => section.StartsWith(heading + "\n", StringComparison.Ordinal));
        return [.. Block.Matches(section).Select(block => block.Groups["commands"].Value)];
    }

    [GeneratedRegex("^##? ", RegexOptions.Multiline, 1000)]
    private static partial Regex Heading { get; }

    [GeneratedRegex("^ *```sh\n(?<commands>.*?)^ *```$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Block { get; }
}
