using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Porthor.Server.Configuration;
using Porthor.Tokens;
using Token = Porthor.Tokens.Token;

namespace Porthor.Server.Commands;

/// <summary>
/// Checks the values of options and arguments while the command line is parsed, so that a wrong value causes a message and exit
/// status 2. A check must not throw: an exception in it would end the process.
/// </summary>
internal static class OptionRules
{
    /// <summary>Makes an option accept only whole numbers in a range.</summary>
    public static Option<int> InRange(this Option<int> option, int min, int max)
    {
        option.CustomParser = result => ReadNumber(result, option.Name, min, max) ?? 0;
        return option;
    }

    /// <inheritdoc cref="InRange(Option{int}, int, int)"/>
    public static Option<int?> InRange(this Option<int?> option, int min, int max)
    {
        option.CustomParser = result => ReadNumber(result, option.Name, min, max);
        return option;
    }

    /// <summary>Makes an option accept only time spans, such as <c>30d</c> or <c>12h</c>.</summary>
    public static Option<TimeSpan?> AsTimeSpan(this Option<TimeSpan?> option)
    {
        option.CustomParser = result =>
        {
            if (result.Tokens is not [{ Value: var text }])
                return null;
            if (Duration.TryParse(text) is { } span && span > TimeSpan.Zero && span <= Duration.Longest)
                return span;
            result.AddError($"{option.Name} takes a time span such as 30d or 12h, not '{text}'");
            return null;
        };
        return option;
    }

    /// <summary>Makes an argument accept only token keys and whole tokens.</summary>
    public static void AcceptOnlyTokenKeys(this Argument argument) => argument.Validators.Add(result =>
    {
        foreach (var text in result.Tokens.Select(token => token.Value).Where(text => !IsKey(text) && !Token.IsToken(text)))
        {
            var shown = CommandLineErrors.Display(text);
            if (text.StartsWith("--", StringComparison.Ordinal))
                result.AddError(
                    $"'{shown}' is neither an option nor a token key."
                    + (CommandLineErrors.Suggest(result, text) is { } meant ? $" Did you mean '{meant}'?" : ""));
            else
                result.AddError($"'{shown}' is not a token key. A key has {TokenKey.Length} characters; 'porthor token list' shows it.");
            return;
        }
    });

    /// <summary>Rejects empty values of every option and argument that takes text, in a command and its subcommands.</summary>
    /// <param name="mayBeEmpty">The names of the options for which an empty value has a meaning.</param>
    public static void RefuseEmptyValues(Command command, params string[] mayBeEmpty)
    {
        foreach (var option in command.Options.Where(option => option.ValueType == typeof(string) && !mayBeEmpty.Contains(option.Name)))
            option.Validators.Add(result => RefuseEmpty(result, option.Name));
        var texts = command.Arguments.Where(argument => argument.ValueType == typeof(string) || argument.ValueType == typeof(string[]));
        foreach (var argument in texts)
            argument.Validators.Add(result => RefuseEmpty(result, argument.Name));
        foreach (var subcommand in command.Subcommands)
            RefuseEmptyValues(subcommand, mayBeEmpty);
    }

    /// <summary>Returns the key of a token, given the key or the whole token.</summary>
    public static TokenKey KeyOf(string text) => Token.TryParse(text, out var token) ? token.Key : new TokenKey(text);

    private static bool IsKey(string text) =>
        text.Length == TokenKey.Length && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    private static void RefuseEmpty(SymbolResult result, string name)
    {
        if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
            result.AddError($"{name} must not be empty");
    }

    private static int? ReadNumber(ArgumentResult result, string name, int min, int max)
    {
        if (result.Tokens is not [{ Value: var text }])
            return null;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= min
            && number <= max)
            return number;
        result.AddError(
            $"{name} takes a number from {min} to {max}{(text.Length == 0 ? "" : $", not '{CommandLineErrors.Display(text)}'")}");
        return null;
    }
}
