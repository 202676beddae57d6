using System.Net.Http.Headers;
using System.Text;

namespace Porthor.Server.Login;

/// <summary>
/// Converts the text of a reply to UTF-8 without a byte order mark. JSON is UTF-8 (RFC 8259 section 8.1), but providers and the proxies in
/// front of them also send other encodings.
/// </summary>
internal static class ProviderText
{
    private static readonly (byte[] Mark, Encoding Encoding)[] Marks =
    [
        // UTF-32 is first, because its little-endian byte order mark begins with that of UTF-16.
        ([0xFF, 0xFE, 0, 0], new UTF32Encoding(bigEndian: false, byteOrderMark: true)),
        ([0, 0, 0xFE, 0xFF], new UTF32Encoding(bigEndian: true, byteOrderMark: true)),
        ([0xFF, 0xFE], Encoding.Unicode),
        ([0xFE, 0xFF], Encoding.BigEndianUnicode),
    ];

    /// <param name="contentType">The <c>Content-Type</c> header of the reply; null if it is missing. The value is untrusted.</param>
    public static ReadOnlyMemory<byte> Decode(byte[] body, string? contentType)
    {
        if (body.AsSpan().StartsWith(Encoding.UTF8.Preamble))
            return body.AsMemory(Encoding.UTF8.Preamble.Length);
        foreach (var (mark, encoding) in Marks)
        {
            if (body.AsSpan().StartsWith(mark))
                return Encoding.UTF8.GetBytes(encoding.GetString(body.AsSpan(mark.Length)));
        }
        if (System.Text.Unicode.Utf8.IsValid(body) && Guess(body) is not { })
            return body;
        return Encoding.UTF8.GetBytes((Guess(body) ?? EncodingOf(contentType)).GetString(body));
    }

    /// <summary>
    /// Detects UTF-16 and UTF-32 without a byte order mark. JSON begins with two ASCII characters, so the zero bytes among the first four
    /// bytes identify the encoding. Returns null if there are none.
    /// </summary>
    private static Encoding? Guess(byte[] body) => body switch
    {
        [0, 0, 0, not 0, ..] => Marks[1].Encoding,
        [not 0, 0, 0, 0, ..] => Marks[0].Encoding,
        [0, not 0, ..] => Encoding.BigEndianUnicode,
        [not 0, 0, ..] => Encoding.Unicode,
        _ => null,
    };

    /// <summary>Returns the encoding in the header if every system supports it; otherwise UTF-8.</summary>
    private static Encoding EncodingOf(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
            ? type.CharSet?.Trim('"', '\'').ToUpperInvariant() switch
            {
                "ISO-8859-1" or "LATIN1" or "WINDOWS-1252" or "US-ASCII" => Encoding.Latin1,
                _ => Encoding.UTF8,
            }
            : Encoding.UTF8;
}
