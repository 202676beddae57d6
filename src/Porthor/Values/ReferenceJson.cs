using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Porthor.Values;

/// <summary>
/// Writes JSON in the same format as the reference: compact, and only those characters are escaped for which JSON requires it. The encoders
/// of .NET escape more characters, so that the stored records would differ from those of the reference.
/// </summary>
public static class ReferenceJson
{
    /// <summary>The options for a writer.</summary>
    public static readonly JsonWriterOptions Compact = new() { Encoder = MinimalJsonEncoder.Instance };

    /// <summary>Returns the JSON that a function writes, in UTF-8.</summary>
    public static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Compact))
            write(writer);
        return buffer.WrittenMemory;
    }

    /// <summary>Returns a JSON object whose members a function writes, in UTF-8.</summary>
    public static ReadOnlyMemory<byte> WriteObject(Action<Utf8JsonWriter> writeMembers) => Write(writer =>
    {
        writer.WriteStartObject();
        writeMembers(writer);
        writer.WriteEndObject();
    });

    /// <summary>Writes a floating-point number, always with a decimal point or an exponent: <c>1.0</c> and not <c>1</c>.</summary>
    public static void WriteFloat(Utf8JsonWriter writer, double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        writer.WriteRawValue(text.AsSpan().IndexOfAny('.', 'E', 'e') < 0 ? text + ".0" : text, skipInputValidation: true);
    }
}

/// <summary>
/// Escapes quotation marks, backslashes and control characters, as RFC 8259 section 7 requires, and no other characters.
/// </summary>
internal sealed class MinimalJsonEncoder : JavaScriptEncoder
{
    public static readonly MinimalJsonEncoder Instance = new();

    public override int MaxOutputCharactersPerInputCharacter => 6;

    public override unsafe int FindFirstCharacterToEncode(char* text, int textLength)
    {
        var span = new ReadOnlySpan<char>(text, textLength);
        for (var i = 0; i < span.Length; i++)
        {
            if (WillEncode(span[i]))
                return i;
            if (!char.IsSurrogate(span[i]))
                continue;
            if (i + 1 >= span.Length || !char.IsSurrogatePair(span[i], span[i + 1]))
                return i; // UTF-8 cannot represent an unpaired surrogate; the caller replaces it.
            i++;
        }
        return -1;
    }

    public override unsafe bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        var escaped = unicodeScalar switch
        {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\b' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\f' => "\\f",
            '\r' => "\\r",
            < 0x20 => string.Create(CultureInfo.InvariantCulture, $"\\u{unicodeScalar:x4}"),
            _ => new Rune(unicodeScalar).ToString(),
        };
        numberOfCharactersWritten = escaped.Length;
        return escaped.TryCopyTo(new Span<char>(buffer, bufferLength));
    }

    public override bool WillEncode(int unicodeScalar) => unicodeScalar is < 0x20 or '"' or '\\';
}
