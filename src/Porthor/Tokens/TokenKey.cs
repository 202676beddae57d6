using System.Buffers;

namespace Porthor.Tokens;

/// <summary>
/// The public half of a token: 22 characters that may be shown, logged and put into URLs. It names the token in both
/// stores and opens nothing by itself.
/// </summary>
public readonly record struct TokenKey(string Value) : IComparable<TokenKey>
{
    public const int Length = 22;

    private static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>
    /// True if the key has only characters of URL-safe base64. Issued tokens have no other characters, so that no store needs to be queried
    /// for another key.
    /// </summary>
    public bool IsWellFormed => HasOnlyTokenCharacters(Value);

    internal static bool HasOnlyTokenCharacters(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(Alphabet);

    public int CompareTo(TokenKey other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value;

    public static bool operator <(TokenKey left, TokenKey right) => left.CompareTo(right) < 0;

    public static bool operator >(TokenKey left, TokenKey right) => left.CompareTo(right) > 0;

    public static bool operator <=(TokenKey left, TokenKey right) => left.CompareTo(right) <= 0;

    public static bool operator >=(TokenKey left, TokenKey right) => left.CompareTo(right) >= 0;
}
