using System.Globalization;
using System.Text;

namespace Porthor.Values;

/// <summary>
/// Finds characters that are invisible or change the order of other characters (Unicode TR36). With them, two different names can look the
/// same.
/// </summary>
public static class VisibleText
{
    /// <summary>
    /// Contains the code points with the property Default_Ignorable_Code_Point that are not in a category of
    /// <see cref="IsInvisibleCategory"/>, and the blank pattern of Braille.
    /// </summary>
    private static readonly (int First, int Last)[] Ignorable =
    [
        (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2065, 0x2065), (0x2800, 0x2800), (0x3164, 0x3164),
        (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0xE0000, 0xE0FFF),
    ];

    /// <summary>
    /// Returns the first invisible character: a control, a format character (all bidirectional controls), a line or paragraph
    /// separator, an ignorable character, or a blank other than U+0020. Null if there is none.
    /// </summary>
    public static Rune? FindInvisible(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value != ' ' && (IsInvisibleCategory(Rune.GetUnicodeCategory(rune)) || IsIgnorable(rune.Value)))
                return rune;
        }
        return null;
    }

    private static bool IsInvisibleCategory(UnicodeCategory category) => category is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator;

    private static bool IsIgnorable(int value) => Array.Exists(Ignorable, range => value >= range.First && value <= range.Last);
}
