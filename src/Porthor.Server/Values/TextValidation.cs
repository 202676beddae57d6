using System.Globalization;

namespace Porthor.Server.Values;

/// <summary>Represents a pattern that a text must match.</summary>
/// <param name="Text">The pattern in error messages.</param>
/// <param name="Matches">Returns whether a text matches.</param>
internal sealed record Pattern(string Text, Func<string, bool> Matches);

/// <summary>
/// Validates texts of parameters and bodies (contract/api.md 3.1, 4.3). Lengths are in code points and are checked before patterns.
/// </summary>
internal static class TextValidation
{
    /// <summary>Returns the first error of a text; null if it is valid.</summary>
    public static (string Type, string Message, (string, object)? Context)? Check(string text, int shortest, int longest, Pattern? pattern)
    {
        var length = CodePoints(text);
        if (length < shortest)
            return ("string_too_short", $"String should have at least {shortest} {Characters(shortest)}", ("min_length", shortest));
        if (length > longest)
            return ("string_too_long", $"String should have at most {longest} {Characters(longest)}", ("max_length", longest));
        if (pattern is not null && !pattern.Matches(text))
            return ("string_pattern_mismatch", $"String should match pattern '{pattern.Text}'", ("pattern", pattern.Text));
        return null;
    }

    /// <summary>
    /// Parses an integer with the syntax of the reference: surrounding blanks, a sign, leading zeros, single underscores between digits,
    /// and a fraction of zeros are accepted.
    /// </summary>
    public static bool TryParseInteger(string text, out decimal value)
    {
        value = 0;
        // The .NET parsers ignore trailing NUL characters.
        if (text.Contains('\0', StringComparison.Ordinal))
            return false;
        var trimmed = text.Trim();
        if (trimmed.Contains('.', StringComparison.Ordinal))
        {
            var point = trimmed.IndexOf('.', StringComparison.Ordinal);
            if (point == trimmed.Length - 1 || trimmed.AsSpan(point + 1).ContainsAnyExcept('0'))
                return false;
            trimmed = trimmed[..point];
        }
        if (trimmed.StartsWith('_') || trimmed.EndsWith('_') || trimmed.Contains("__", StringComparison.Ordinal)
            || trimmed.Contains("-_", StringComparison.Ordinal) || trimmed.Contains("+_", StringComparison.Ordinal))
            return false;
        return decimal.TryParse(
            trimmed.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    private static int CodePoints(string text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes())
            count++;
        return count;
    }

    private static string Characters(int count) => count == 1 ? "character" : "characters";
}
