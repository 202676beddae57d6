using System.Buffers;

namespace Porthor.Identity;

/// <summary>
/// What a username and a group name may be (contract/tokens.md 3.1, 6.2). The contract gives patterns; they are said
/// here as single passes over the text, because backtracking over what callers send is a way to burn time. Tests
/// compare both.
/// </summary>
public static class UserRules
{
    /// <summary>The pattern as error messages show it. Its end means the end of the text, also after a newline.</summary>
    public const string UsernamePattern = "^[a-z0-9](?:[a-z0-9]|-[a-z0-9])*[a-z](?:[a-z0-9]|-[a-z0-9])*$";

    /// <inheritdoc cref="UsernamePattern"/>
    public const string GroupNamePattern = "^([a-zA-Z]|[a-zA-Z0-9][a-zA-Z0-9._-]*[a-zA-Z])[a-zA-Z0-9._-]*$";

    public const int MaxUsernameLength = 64;

    private const string BotPrefix = "bot-";
    private const string LowerLetters = "abcdefghijklmnopqrstuvwxyz";
    private const string Letters = LowerLetters + "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string Digits = "0123456789";

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create(LowerLetters + Digits + "-");
    private static readonly SearchValues<char> GroupNameCharacters = SearchValues.Create(Letters + Digits + "._-");
    private static readonly SearchValues<char> AnyLetter = SearchValues.Create(Letters);

    /// <summary>Hyphenated lower-case words, with a letter at position two or later that does not follow a hyphen.</summary>
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

    /// <summary>Bot users own service tokens and are counted apart.</summary>
    public static bool IsBot(string username) =>
        username.StartsWith(BotPrefix, StringComparison.Ordinal) && IsHyphenated(username.AsSpan(BotPrefix.Length));

    /// <summary>Begins with a letter or digit and holds at least one letter.</summary>
    public static bool IsGroupName(string text) =>
        text.Length > 0
        && char.IsAsciiLetterOrDigit(text[0])
        && !text.AsSpan().ContainsAnyExcept(GroupNameCharacters)
        && text.AsSpan().ContainsAny(AnyLetter);

    /// <summary>Lower-case letters and digits, with single hyphens only between them.</summary>
    private static bool IsHyphenated(ReadOnlySpan<char> text) =>
        !text.IsEmpty
        && !text.ContainsAnyExcept(NameCharacters)
        && text[0] != '-'
        && text[^1] != '-'
        && !text.Contains("--", StringComparison.Ordinal);
}
