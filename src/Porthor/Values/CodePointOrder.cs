namespace Porthor.Values;

/// <summary>
/// Compares strings by Unicode code points. The ordinal order of UTF-16 differs if a surrogate pair is compared with a character above
/// U+D7FF. The reference sorts by code points, and the data of both products must have the same order.
/// </summary>
public sealed class CodePointOrder : IComparer<string>
{
    /// <summary>The only instance.</summary>
    public static readonly CodePointOrder Instance = new();

    private CodePointOrder()
    {
    }

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        if (x is null || y is null)
            return x is null ? (y is null ? 0 : -1) : 1;
        var common = x.AsSpan().CommonPrefixLength(y);
        if (common == x.Length || common == y.Length)
            return x.Length - y.Length;
        return Weight(x[common]) - Weight(y[common]);
    }

    /// <summary>
    /// Returns a number for the comparison. Surrogates are ordered after all other characters of the Basic Multilingual Plane, like the
    /// code points that they encode.
    /// </summary>
    private static int Weight(char c) => c switch
    {
        >= '\uE000' => c - 0x800,
        >= '\uD800' => c + 0x2000,
        _ => c,
    };
}
