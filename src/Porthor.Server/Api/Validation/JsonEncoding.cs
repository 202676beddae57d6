using System.Text;

namespace Porthor.Server.Api.Validation;

/// <summary>
/// Decodes JSON in UTF-8, UTF-16 or UTF-32. The byte order mark determines the encoding. Without one, the zero bytes among the first four
/// bytes determine it, because JSON begins with an ASCII character (RFC 4627 section 3).
/// </summary>
internal static class JsonEncoding
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly UnicodeEncoding Utf16Little = new(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true);
    private static readonly UnicodeEncoding Utf16Big = new(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true);
    private static readonly UTF32Encoding Utf32Little = new(bigEndian: false, byteOrderMark: false, throwOnInvalidCharacters: true);
    private static readonly UTF32Encoding Utf32Big = new(bigEndian: true, byteOrderMark: false, throwOnInvalidCharacters: true);

    /// <summary>Returns the text without its byte order mark.</summary>
    /// <exception cref="DecoderFallbackException">The bytes are not valid in the detected encoding.</exception>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        var (encoding, mark) = Detect(bytes);
        return encoding.GetString(bytes[mark..]);
    }

    /// <returns>The encoding and the length of the byte order mark in bytes.</returns>
    private static (Encoding Encoding, int Mark) Detect(ReadOnlySpan<byte> bytes) => bytes switch
    {
        // The byte order mark of UTF-32 begins with that of UTF-16.
        [0x00, 0x00, 0xFE, 0xFF, ..] => (Utf32Big, 4),
        [0xFF, 0xFE, 0x00, 0x00, ..] => (Utf32Little, 4),
        [0xFE, 0xFF, ..] => (Utf16Big, 2),
        [0xFF, 0xFE, ..] => (Utf16Little, 2),
        [0xEF, 0xBB, 0xBF, ..] => (Utf8, 3),
        [0x00, 0x00, _, _, ..] => (Utf32Big, 0),
        [0x00, _, _, _, ..] => (Utf16Big, 0),
        [_, 0x00, 0x00, 0x00, ..] => (Utf32Little, 0),
        [_, 0x00, _, _, ..] => (Utf16Little, 0),
        [0x00, _] => (Utf16Big, 0),
        [_, 0x00] => (Utf16Little, 0),
        _ => (Utf8, 0),
    };
}
