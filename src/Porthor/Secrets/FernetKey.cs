using System.Buffers.Text;
using System.Security.Cryptography;

namespace Porthor.Secrets;

/// <summary>A Fernet key: 32 bytes, of which the first 16 sign and the last 16 encrypt (contract/tokens.md 4).</summary>
public sealed class FernetKey
{
    public const int Length = 32;

    /// <summary>The number of characters in an id.</summary>
    public const int IdLength = 8;

    private readonly byte[] bytes;

    private FernetKey(byte[] bytes) => this.bytes = bytes;

    internal ReadOnlySpan<byte> Signing => bytes.AsSpan(0, 16);

    internal ReadOnlySpan<byte> Encryption => bytes.AsSpan(16, 16);

    public static FernetKey Create() => new(RandomNumberGenerator.GetBytes(Length));

    /// <summary>Reads a key from its URL-safe base64 text; null if it is not 32 bytes in that form.</summary>
    public static FernetKey? TryParse(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Any(char.IsWhiteSpace))
            return null;
        try
        {
            var decoded = Base64Url.DecodeFromChars(text.Replace('+', '-').Replace('/', '_'));
            return decoded.Length == Length ? new FernetKey(decoded) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Gets a short text that identifies the key and does not reveal it: the beginning of the fingerprint.</summary>
    public string Id => Fingerprint[..IdLength];

    /// <summary>Gets a hash that identifies the key. The key, 32 random bytes, cannot be computed from it.</summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData([.. "porthor key id"u8, .. bytes]));

    /// <summary>The key's text, as it is written to a secrets file. Not for logs.</summary>
    public string Reveal() => Convert.ToBase64String(bytes).Replace('+', '-').Replace('/', '_');

    public override string ToString() => "***";
}
