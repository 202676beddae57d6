namespace Porthor.Ldap;

/// <summary>Splits a stream into messages (RFC 4511 5.1).</summary>
internal sealed class LdapReader(Stream stream)
{
    /// <summary>The maximum size of a message. Entries are small; a larger length is an error or an attack.</summary>
    private const int LargestMessage = 16 * 1024 * 1024;

    private const byte Sequence = 0x30;
    private const int LongestHeader = 6;

    private byte[] buffer = new byte[4096];
    private int begin;
    private int end;

    /// <summary>Gets whether a part of a further message was received.</summary>
    public bool HasMore => end > begin;

    /// <summary>Reads the next message. It is valid until the next call.</summary>
    /// <exception cref="IOException">The connection was closed, or the data is not a message.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        int length;
        while ((length = Length(buffer.AsSpan(begin, end - begin))) < 0 || end - begin < length)
            await FillAsync(Math.Max(length, LongestHeader), cancellationToken);
        var message = buffer.AsMemory(begin, length);
        begin += length;
        return message;
    }

    /// <summary>Returns the length of the message with its header; negative if the header is incomplete.</summary>
    private static int Length(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 2)
            return -1;
        if (bytes[0] != Sequence)
            throw new IOException("The response of the directory is not LDAP.");
        if (bytes[1] < 0x80)
            return 2 + bytes[1];
        var count = bytes[1] & 0x7F;
        if (count is 0 or > 4)
            throw new IOException("The response of the directory has no definite length.");
        if (bytes.Length < 2 + count)
            return -1;
        long length = 0;
        foreach (var b in bytes.Slice(2, count))
            length = (length << 8) | b;
        return length <= LargestMessage ? 2 + count + (int)length : throw new IOException("The response of the directory is too large.");
    }

    private async ValueTask FillAsync(int needed, CancellationToken cancellationToken)
    {
        if (buffer.Length - begin < needed || begin == end)
        {
            var target = buffer.Length < needed ? new byte[Math.Max(needed, 2 * buffer.Length)] : buffer;
            buffer.AsSpan(begin, end - begin).CopyTo(target);
            (buffer, end, begin) = (target, end - begin, 0);
        }
        var count = await stream.ReadAsync(buffer.AsMemory(end), cancellationToken);
        if (count == 0)
            throw new IOException("The directory closed the connection.");
        end += count;
    }
}
