using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Porthor.Secrets;

/// <summary>
/// Encrypts and authenticates data with Fernet, as the reference does for records and the state cookie (contract/tokens.md 4). The first
/// key encrypts; all keys decrypt, so that a key can be replaced while its ciphertexts are still in use. The timestamp of a ciphertext is
/// not checked, because the content contains its expiration.
/// </summary>
public sealed class Fernet
{
    private const byte Version = 0x80;
    private const int HeaderLength = 1 + 8 + 16;
    private const int BlockLength = 16;
    private const int MacLength = 32;

    private static readonly SearchValues<byte> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8);

    private readonly FernetKey[] keys;
    private readonly TimeProvider clock;

    /// <summary>Initializes an instance with at least one key.</summary>
    /// <exception cref="ArgumentException">There is no key.</exception>
    public Fernet(IEnumerable<FernetKey> keys, TimeProvider clock)
    {
        this.keys = [.. keys];
        this.clock = clock;
        if (this.keys.Length == 0)
            throw new ArgumentException("At least one key is needed.", nameof(keys));
    }

    /// <summary>Encrypts with the first key, a random IV and the current time. The result is ASCII.</summary>
    public byte[] Encrypt(ReadOnlySpan<byte> plaintext) =>
        Encrypt(plaintext, RandomNumberGenerator.GetBytes(BlockLength), clock.GetUtcNow());

    internal byte[] Encrypt(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> iv, DateTimeOffset now)
    {
        using var aes = Aes.Create();
        aes.SetKey(keys[0].Encryption);
        var bodyLength = HeaderLength + aes.GetCiphertextLengthCbc(plaintext.Length);
        var token = new byte[bodyLength + MacLength];
        token[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(token.AsSpan(1), now.ToUnixTimeSeconds());
        iv.CopyTo(token.AsSpan(9));
        aes.EncryptCbc(plaintext, iv, token.AsSpan(HeaderLength));
        HMACSHA256.HashData(keys[0].Signing, token.AsSpan(0, bodyLength), token.AsSpan(bodyLength));
        return Encode(token);
    }

    /// <summary>
    /// Decrypts a ciphertext. Returns false if it was not encrypted with one of the keys, or if it was changed. The MAC is checked in
    /// constant time before the ciphertext is decrypted.
    /// </summary>
    public bool TryDecrypt(ReadOnlySpan<byte> text, out byte[] plaintext)
    {
        plaintext = [];
        if (Decode(text) is not { } token || token.Length < HeaderLength + BlockLength + MacLength || token[0] != Version)
            return false;
        var body = token.AsSpan(0, token.Length - MacLength);
        var ciphertext = body[HeaderLength..];
        if (ciphertext.Length % BlockLength != 0)
            return false;

        Span<byte> mac = stackalloc byte[MacLength];
        foreach (var key in keys)
        {
            HMACSHA256.HashData(key.Signing, body, mac);
            if (!CryptographicOperations.FixedTimeEquals(mac, token.AsSpan(body.Length)))
                continue;
            return TryUnpad(key, body, ciphertext, out plaintext);
        }
        return false;
    }

    /// <summary>Returns true if a ciphertext was encrypted with the first key.</summary>
    public bool IsEncryptedWithFirstKey(ReadOnlySpan<byte> text)
    {
        if (Decode(text) is not { } token || token.Length < HeaderLength + BlockLength + MacLength)
            return false;
        Span<byte> mac = stackalloc byte[MacLength];
        HMACSHA256.HashData(keys[0].Signing, token.AsSpan(0, token.Length - MacLength), mac);
        return CryptographicOperations.FixedTimeEquals(mac, token.AsSpan(token.Length - MacLength));
    }

    private static bool TryUnpad(FernetKey key, ReadOnlySpan<byte> body, ReadOnlySpan<byte> ciphertext, out byte[] plaintext)
    {
        using var aes = Aes.Create();
        aes.SetKey(key.Encryption);
        try
        {
            plaintext = aes.DecryptCbc(ciphertext, body.Slice(9, BlockLength));
            return true;
        }
        catch (CryptographicException)
        {
            plaintext = [];
            return false;
        }
    }

    /// <summary>Encodes as URL-safe Base64 with padding, which <see cref="Base64Url"/> omits.</summary>
    private static byte[] Encode(ReadOnlySpan<byte> token)
    {
        var text = new byte[(token.Length + 2) / 3 * 4];
        Base64Url.EncodeToUtf8(token, text, out _, out var written);
        text.AsSpan(written).Fill((byte)'=');
        return text;
    }

    /// <summary>
    /// Decodes padded URL-safe Base64 with at most one trailing newline. Returns null for any other text. The check is necessary because
    /// the decoder of .NET ignores blanks and accepts <c>%</c> as padding.
    /// </summary>
    private static byte[]? Decode(ReadOnlySpan<byte> text)
    {
        if (text.EndsWith("\n"u8))
            text = text[..^1];
        if (text.IsEmpty || text.Length % 4 != 0 || text.TrimEnd((byte)'=').ContainsAnyExcept(Alphabet))
            return null;
        try
        {
            return Base64Url.DecodeFromUtf8(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
