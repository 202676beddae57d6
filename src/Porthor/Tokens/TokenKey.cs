using System.Buffers;

namespace Porthor.Tokens;

/// <summary>
/// Represents the public part of a token: 22 characters that may be shown, logged and used in URLs. It identifies the token in both stores,
/// but is not sufficient to authenticate.
/// </summary>
public readonly record struct TokenKey(string Value) : IComparable<TokenKey>
{
    /// <summary>The length of a key in characters.</summary>
    public const int Length = 22;

    private static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>
    /// Returns true if the key contains only characters of URL-safe Base64. Issued tokens contain no other characters, so stores are not
    /// queried for any other key.
    /// </summary>
    public bool IsWellFormed => HasOnlyTokenCharacters(Value);

    internal static bool HasOnlyTokenCharacters(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(Alphabet);

    /// <summary>Compares two keys by their UTF-16 code units.</summary>
    public int CompareTo(TokenKey other) => string.CompareOrdinal(Value, other.Value);

    /// <summary>Returns the key.</summary>
    public override string ToString() => Value;

    /// <summary>Returns true if the left key is ordered before the right one.</summary>
    public static bool operator <(TokenKey left, TokenKey right) => left.CompareTo(right) < 0;

    /// <summary>Returns true if the left key is ordered after the right one.</summary>
    public static bool operator >(TokenKey left, TokenKey right) => left.CompareTo(right) > 0;

    /// <summary>Returns true if the left key is ordered before the right one or is equal to it.</summary>
    public static bool operator <=(TokenKey left, TokenKey right) => left.CompareTo(right) <= 0;

    /// <summary>Returns true if the left key is ordered after the right one or is equal to it.</summary>
    public static bool operator >=(TokenKey left, TokenKey right) => left.CompareTo(right) >= 0;
}
