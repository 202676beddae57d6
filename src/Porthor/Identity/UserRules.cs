using System.Buffers;

namespace Porthor.Identity;

/// <summary>
/// Checks usernames and group names (contract/tokens.md 3.1, 6.2). The contract defines regular expressions. The methods implement the same
/// rules without regular expressions, because the texts come from clients and backtracking could take long. Tests compare both.
/// </summary>
public static class UserRules
{
    /// <summary>
    /// The regular expression for usernames, as error messages show it. Its end matches only the end of the text, not a newline before
    /// the end.
    /// </summary>
    public const string UsernamePattern = "^[a-z0-9](?:[a-z0-9]|-[a-z0-9])*[a-z](?:[a-z0-9]|-[a-z0-9])*$";

    /// <summary>
    /// The regular expression for group names, as error messages show it. Its end matches only the end of the text, not a newline before
    /// the end.
    /// </summary>
    public const string GroupNamePattern = "^([a-zA-Z]|[a-zA-Z0-9][a-zA-Z0-9._-]*[a-zA-Z])[a-zA-Z0-9._-]*$";

    /// <summary>The maximum length of a username in characters.</summary>
    public const int MaxUsernameLength = 64;

    private const string BotPrefix = "bot-";
    private const string LowerLetters = "abcdefghijklmnopqrstuvwxyz";
    private const string Letters = LowerLetters + "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string Digits = "0123456789";

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create(LowerLetters + Digits + "-");
    private static readonly SearchValues<char> GroupNameCharacters = SearchValues.Create(Letters + Digits + "._-");
    private static readonly SearchValues<char> AnyLetter = SearchValues.Create(Letters);

    /// <summary>
    /// Returns true for a username: lower-case letters and digits in words that are separated by single hyphens, with a letter at the
    /// second position or later that does not follow a hyphen.
    /// </summary>
    public static bool IsUsername(string text)
    {
        if (text.Length > MaxUsernameLength || !IsHyphenated(text))
            return false;
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i - 1] != '-' && char.IsAsciiLetterLower(text[i]))
                return true;
        }
        return false;
    }

    /// <summary>Returns true for the name of a bot user. Bot users own service tokens, and their UIDs have a separate range.</summary>
    public static bool IsBot(string username) =>
        username.StartsWith(BotPrefix, StringComparison.Ordinal) && IsHyphenated(username.AsSpan(BotPrefix.Length));

    /// <summary>Returns true for a group name: it begins with a letter or digit and contains at least one letter.</summary>
    public static bool IsGroupName(string text) =>
        text.Length > 0
        && char.IsAsciiLetterOrDigit(text[0])
        && !text.AsSpan().ContainsAnyExcept(GroupNameCharacters)
        && text.AsSpan().ContainsAny(AnyLetter);

    /// <summary>Returns true for lower-case letters and digits, with single hyphens only between them.</summary>
    private static bool IsHyphenated(ReadOnlySpan<char> text) =>
        !text.IsEmpty
        && !text.ContainsAnyExcept(NameCharacters)
        && text[0] != '-'
        && text[^1] != '-'
        && !text.Contains("--", StringComparison.Ordinal);
}
