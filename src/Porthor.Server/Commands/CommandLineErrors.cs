using System.CommandLine;
using System.CommandLine.Parsing;
using Porthor.Server.Values;
using Token = Porthor.Tokens.Token;

namespace Porthor.Server.Commands;

/// <summary>Reports the errors of a command line, with a suggestion for each mistyped name.</summary>
internal static class CommandLineErrors
{
    /// <summary>The exit status for an invalid command line.</summary>
    public const int UsageExitCode = 2;

    private const string MissingCommand = "Required command was not provided.";

    /// <summary>Writes the errors and a hint to standard error.</summary>
    /// <returns>The exit status, always <see cref="UsageExitCode"/>.</returns>
    public static int Report(ParseResult parsed)
    {
        foreach (var message in MessagesOf(parsed))
            Console.Error.WriteLine($"Error: {message}");
        Console.Error.WriteLine("Try 'porthor help' for the commands, or 'porthor help COMMAND' for one command.");
        return UsageExitCode;
    }

    /// <summary>Returns the option or command whose name is most similar to the text; null if none is similar.</summary>
    public static string? Suggest(SymbolResult result, string text)
    {
        List<string> names = [];
        for (SymbolResult? at = result; at is not null; at = at.Parent)
        {
            if (at is not CommandResult { Command: var command })
                continue;
            if (names.Count == 0)
                names.AddRange(command.Subcommands.Where(subcommand => !subcommand.Hidden).Select(subcommand => subcommand.Name));
            names.AddRange(
                command.Options.Where(option => !option.Hidden && (option.Recursive || at == NearestCommand(result)))
                    .Select(option => option.Name));
        }
        return SpellingSuggestion.Find(text, names.Where(name => name.StartsWith('-') == text.StartsWith('-')));
    }

    /// <summary>Returns the text for display. If it looks like a token, the secret is removed.</summary>
    public static string Display(string text) =>
        Token.TryParse(text, out var token) ? token.ToString()
            : text.StartsWith(Token.Prefix, StringComparison.Ordinal) ? $"{Token.Prefix}***"
            : text;

    /// <summary>Returns whether a command line can be run.</summary>
    public static bool AreNone(ParseResult parsed) =>
        parsed.Errors.Count == 0 && parsed.Tokens.All(token => token.Type != TokenType.Directive);

    /// <summary>Returns the messages for a command line that cannot be run.</summary>
    public static IEnumerable<string> MessagesOf(ParseResult parsed)
    {
        // The parser also reports the words after an unknown word. Only the first one is the mistake.
        var unmatched = parsed.UnmatchedTokens is [var first, ..] ? first : null;
        if (parsed.Tokens.FirstOrDefault(token => token.Type == TokenType.Directive) is { } directive)
            yield return $"Unrecognized command or argument '{directive.Value}'.";
        var messages = parsed.Errors.Select(error => error.Message)
            .Where(message => parsed.UnmatchedTokens.Skip(1).All(word => !IsAbout(message, word))).Distinct().ToList();
        if (unmatched is not null)
            messages.RemoveAll(message => message == MissingCommand);
        foreach (var message in messages)
        {
            if (unmatched is null || !IsAbout(message, unmatched))
                yield return parsed.Tokens.Aggregate(
                    message,
                    (text, token) => token.Value.Length == 0
                        ? text
                        : text.Replace(token.Value, Display(token.Value), StringComparison.Ordinal));
            else
                yield return $"Unrecognized command or argument '{Display(unmatched)}'."
                    + (Suggest(parsed.CommandResult, unmatched) is { } meant ? $" Did you mean '{meant}'?" : "");
        }
    }

    private static bool IsAbout(string message, string word) => message == $"Unrecognized command or argument '{word}'.";

    private static CommandResult? NearestCommand(SymbolResult result)
    {
        for (SymbolResult? at = result; at is not null; at = at.Parent)
        {
            if (at is CommandResult command)
                return command;
        }
        return null;
    }
}
