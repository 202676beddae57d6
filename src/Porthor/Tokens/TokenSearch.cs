using System.Buffers;
using System.Text;

namespace Porthor.Tokens;

/// <summary>
/// Finds Porthor tokens in texts, so that they are not forwarded to applications, stored in other data, or logged. It checks only the
/// format, not whether the token is valid. A token is found at any position, also if it is percent-encoded or encoded in Base64. Other
/// secrets of the same form are found by their prefix.
/// </summary>
public static class TokenSearch
{
    private const int TokenLength = 3 + TokenKey.Length + 1 + Token.SecretLength;

    /// <summary>The length of a token in Base64 without padding.</summary>
    private const int ShortestBase64 = ((TokenLength * 4) + 2) / 3;

    /// <summary>The maximum number of times that a text is percent-decoded. Proxies and applications decode at most a few times.</summary>
    private const int MaxDecodings = 3;

    private static readonly SearchValues<char> HalfCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    private static readonly SearchValues<char> Base64Characters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-");

    /// <summary>Returns true if a text contains a token.</summary>
    public static bool Contains(ReadOnlySpan<char> text) => Contains(text, Token.Prefix);

    /// <summary>Returns true if a text contains a secret with the form of a token: a prefix, a key, a dot and a secret half.</summary>
    /// <param name="text">The text.</param>
    /// <param name="prefixes">The prefixes, each as long as that of tokens.</param>
    public static bool Contains(ReadOnlySpan<char> text, params ReadOnlySpan<string> prefixes)
    {
        if (text.Length < TokenLength)
            return false;
        if (ContainsPlain(text, prefixes) || ContainsBase64(text, prefixes))
            return true;
        if (!text.Contains('%'))
            return false;
        var buffer = ArrayPool<char>.Shared.Rent(text.Length);
        try
        {
            text.CopyTo(buffer);
            var decoded = buffer.AsSpan(0, text.Length);
            for (var i = 0; i < MaxDecodings && decoded.Contains('%'); i++)
            {
                decoded = decoded[..DecodePercent(decoded)];
                if (ContainsPlain(decoded, prefixes) || ContainsBase64(decoded, prefixes))
                    return true;
            }
            return false;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(buffer, clearArray: true);
        }
    }

    private static bool ContainsPlain(ReadOnlySpan<char> text, ReadOnlySpan<string> prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (ContainsPlain(text, prefix))
                return true;
        }
        return false;
    }

    /// <summary>Returns true if the text contains a token that is not encoded.</summary>
    private static bool ContainsPlain(ReadOnlySpan<char> text, string prefix)
    {
        while (text.IndexOf(prefix, StringComparison.Ordinal) is >= 0 and var start)
        {
            text = text[(start + prefix.Length)..];
            if (text.Length < TokenKey.Length + 1 + Token.SecretLength)
                return false;
            if (text[TokenKey.Length] == '.'
                && !text[..TokenKey.Length].ContainsAnyExcept(HalfCharacters)
                && !text.Slice(TokenKey.Length + 1, Token.SecretLength).ContainsAnyExcept(HalfCharacters))
                return true;
        }
        return false;
    }

    /// <summary>Returns true if the text contains a token in Base64, in either alphabet.</summary>
    private static bool ContainsBase64(ReadOnlySpan<char> text, ReadOnlySpan<string> prefixes)
    {
        while (text.Length >= ShortestBase64 && text.IndexOfAny(Base64Characters) is >= 0 and var start)
        {
            text = text[start..];
            var end = text.IndexOfAnyExcept(Base64Characters);
            var run = end < 0 ? text : text[..end];
            if (run.Length >= ShortestBase64 && ContainsEncoded(run, prefixes))
                return true;
            text = text[run.Length..];
        }
        return false;
    }

    private static bool ContainsEncoded(ReadOnlySpan<char> run, ReadOnlySpan<string> prefixes)
    {
        // The last group of four characters may lack its padding. A group of one character is not valid Base64, and is ignored.
        var length = run.Length % 4 == 1 ? run.Length - 1 : run.Length;
        var padded = (length + 3) / 4 * 4;
        var encoded = ArrayPool<char>.Shared.Rent(padded);
        var bytes = ArrayPool<byte>.Shared.Rent(padded / 4 * 3);
        var decoded = ArrayPool<char>.Shared.Rent(padded / 4 * 3);
        try
        {
            run[..length].Replace(encoded, '-', '+');
            var group = encoded.AsSpan(0, padded);
            group[..length].Replace('_', '/');
            group[length..].Fill('=');
            if (!Convert.TryFromBase64Chars(group, bytes, out var count))
                return false;
            Encoding.Latin1.GetChars(bytes.AsSpan(0, count), decoded);
            return ContainsPlain(decoded.AsSpan(0, count), prefixes);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(encoded, clearArray: true);
            ArrayPool<byte>.Shared.Return(bytes, clearArray: true);
            ArrayPool<char>.Shared.Return(decoded, clearArray: true);
        }
    }

    /// <summary>Replaces every percent-encoded byte by its character, in place, and returns the new length.</summary>
    private static int DecodePercent(Span<char> text)
    {
        var written = 0;
        for (var read = 0; read < text.Length; written++)
        {
            if (text[read] == '%' && read + 2 < text.Length && char.IsAsciiHexDigit(text[read + 1]) && char.IsAsciiHexDigit(text[read + 2]))
            {
                text[written] = (char)((HexValue(text[read + 1]) << 4) | HexValue(text[read + 2]));
                read += 3;
            }
            else
            {
                text[written] = text[read++];
            }
        }
        return written;
    }

    private static int HexValue(char digit) => char.IsAsciiDigit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
