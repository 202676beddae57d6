using System.Buffers;
using System.Text;

namespace Porthor.Server.Web;

/// <summary>Writes text as UTF-8 into a buffer, without a copy of the whole text.</summary>
internal sealed class Utf8TextWriter(IBufferWriter<byte> output) : TextWriter
{
    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>Gets the number of written bytes.</summary>
    public long WrittenBytes { get; private set; }

    public override void Write(char value) => Write([value]);

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    /// <summary>Writes a text. A surrogate pair must not be split between two calls.</summary>
    public override void Write(ReadOnlySpan<char> buffer) => WrittenBytes += Encoding.UTF8.GetBytes(buffer, output);
}
