using System.Globalization;
using System.Text;

namespace Porthor.Server.Accounts;

/// <summary>
/// Normalizes passwords, so that the same password has the same bytes on every keyboard and system. Implements the profile OpaqueString
/// of RFC 8265, section 4.2, but accepts every character.
/// </summary>
internal static class OpaquePassword
{
    /// <summary>Replaces each space character outside ASCII by a space, and converts the text to Normalization Form C.</summary>
    public static string Normalize(string password) => CanonicalComposition.Normalize(WithPlainSpaces(password));

    /// <summary>
    /// Returns the texts to compare with the hash of a password: the normalized text, and also the typed text if it differs, because older
    /// versions of Porthor did not normalize passwords.
    /// </summary>
    public static IReadOnlyList<string> Candidates(string password) =>
        Normalize(password) is var normalized && normalized == password ? [password] : [normalized, password];

    private static string WithPlainSpaces(string password)
    {
        if (Ascii.IsValid(password))
            return password;
        // All space characters are in the Basic Multilingual Plane.
        return string.Create(password.Length, password, static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++)
                target[i] = char.GetUnicodeCategory(source[i]) == UnicodeCategory.SpaceSeparator ? ' ' : source[i];
        });
    }
}
