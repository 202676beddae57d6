using System.Buffers;
using System.Globalization;
using System.Text;

namespace Porthor.Values;

/// <summary>
/// Converts texts from and to header values. The bytes of request headers are opaque (RFC 9110 section 5.5): the server reads them as
/// Latin-1, one character per byte. Code that displays such a text decodes it first.
/// </summary>
public static class HeaderText
{
    private static readonly SearchValues<char> Controls =
        SearchValues.Create([.. Enumerable.Range(0, 0xA0).Select(code => (char)code).Where(char.IsControl)]);

    /// <summary>The control characters of ASCII except the tab. The web server refuses to send them in a header.</summary>
    private static readonly SearchValues<char> AsciiControls =
        SearchValues.Create([.. Enumerable.Range(0, 0x80).Select(code => (char)code).Where(c => IsUnsendable(c))]);

    /// <summary>
    /// Replaces every control character by <c>?</c>. Use it for Porthor's own texts in headers, and for lines on a terminal.
    /// </summary>
    public static string Clean(string text) =>
        text.AsSpan().ContainsAny(Controls) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;

    /// <summary>
    /// Prepares the bytes of a request header to be sent back. Tabs and all bytes from 0x80 are kept; other control characters are
    /// replaced by <c>?</c>.
    /// </summary>
    public static string Opaque(string bytes) =>
        bytes.AsSpan().ContainsAny(AsciiControls) ? string.Concat(bytes.Select(c => IsUnsendable(c) ? '?' : c)) : bytes;

    /// <summary>Decodes the bytes of a request header as UTF-8 text. Bytes that are not UTF-8 become U+FFFD.</summary>
    public static string Decode(string bytes) => Ascii.IsValid(bytes) ? bytes : Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));

    /// <summary>
    /// Decodes a URL in a request header as UTF-8 text. If it is not UTF-8, its bytes from 0x80 are percent-encoded, so that the URL still
    /// identifies the same resource.
    /// </summary>
    public static string DecodeUrl(string bytes)
    {
        var text = Decode(bytes);
        return text.Contains('\uFFFD', StringComparison.Ordinal) ? EncodeUrl(bytes) : text;
    }

    /// <summary>Percent-encodes the bytes from 0x80 of a URL in a request header.</summary>
    public static string EncodeUrl(string bytes)
    {
        if (Ascii.IsValid(bytes))
            return bytes;
        var text = new StringBuilder(bytes.Length + 16);
        foreach (var c in bytes)
        {
            if (char.IsAscii(c))
                text.Append(c);
            else
                text.Append(CultureInfo.InvariantCulture, $"%{(int)c:X2}");
        }
        return text.ToString();
    }

    private static bool IsUnsendable(char c) => c != '\t' && char.IsAscii(c) && char.IsControl(c);
}
