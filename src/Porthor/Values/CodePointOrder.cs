namespace Porthor.Values;

/// <summary>
/// Orders strings by Unicode code point. Ordinal order of UTF-16 differs from it where a surrogate pair meets a
/// character above U+D7FF; the reference sorts by code point, and so must what we write.
/// </summary>
public sealed class CodePointOrder : IComparer<string>
{
    public static readonly CodePointOrder Instance = new();

    private CodePointOrder()
    {
    }

    public int Compare(string? x, string? y)
    {
        if (x is null || y is null)
            return x is null ? (y is null ? 0 : -1) : 1;
        var common = x.AsSpan().CommonPrefixLength(y);
        if (common == x.Length || common == y.Length)
            return x.Length - y.Length;
        return Weight(x[common]) - Weight(y[common]);
    }

    /// <summary>Moves surrogates above the rest of the basic plane, where the code points they encode are.</summary>
    private static int Weight(char c) => c switch
    {
        >= '\uE000' => c - 0x800,
        >= '\uD800' => c + 0x2000,
        _ => c,
    };
}
