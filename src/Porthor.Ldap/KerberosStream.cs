using System.Buffers;
using System.Buffers.Binary;
using System.Net.Security;

namespace Porthor.Ldap;

/// <summary>Encrypts a connection with the key of its Kerberos ticket. Messages have a length prefix (RFC 4422 3.7).</summary>
internal sealed class KerberosStream(Stream inner, NegotiateAuthentication kerberos) : Stream
{
    private const int LengthBytes = 4;
    private const int LargestPiece = 16 * 1024 * 1024;

    private byte[] piece = [];
    private ReadOnlyMemory<byte> left;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (left.IsEmpty && !await ReadPieceAsync(cancellationToken))
            return 0;
        var count = Math.Min(buffer.Length, left.Length);
        left[..count].CopyTo(buffer);
        left = left[count..];
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var wrapped = new ArrayBufferWriter<byte>();
        if (kerberos.Wrap(buffer.Span, wrapped, requestEncryption: true, out var isEncrypted) != NegotiateAuthenticationStatusCode.Completed
            || !isEncrypted)
            throw new IOException("Kerberos cannot encrypt the message to the directory.");
        var whole = new byte[LengthBytes + wrapped.WrittenCount];
        BinaryPrimitives.WriteInt32BigEndian(whole, wrapped.WrittenCount);
        wrapped.WrittenSpan.CopyTo(whole.AsSpan(LengthBytes));
        await inner.WriteAsync(whole, cancellationToken);
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        kerberos.Dispose();
        await inner.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            kerberos.Dispose();
            inner.Dispose();
        }
        base.Dispose(disposing);
    }

    private async ValueTask<bool> ReadPieceAsync(CancellationToken cancellationToken)
    {
        var header = new byte[LengthBytes];
        if (await inner.ReadAtLeastAsync(header, LengthBytes, throwOnEndOfStream: false, cancellationToken) < LengthBytes)
            return false;
        var length = BinaryPrimitives.ReadInt32BigEndian(header);
        if (length is <= 0 or > LargestPiece)
            throw new IOException("The response of the directory has an invalid length.");
        piece = new byte[length];
        await inner.ReadExactlyAsync(piece, cancellationToken);
        var status = kerberos.UnwrapInPlace(piece, out var begin, out var count, out var wasEncrypted);
        if (status != NegotiateAuthenticationStatusCode.Completed || !wasEncrypted)
            throw new IOException("The response of the directory is not encrypted correctly.");
        left = piece.AsMemory(begin, count);
        return true;
    }
}
