using System.Buffers.Text;
using System.Security.Cryptography;

namespace Porthor.Secrets;

/// <summary>Represents a Fernet key: 32 bytes, of which the first 16 sign and the last 16 encrypt (contract/tokens.md 4).</summary>
public sealed class FernetKey
{
    /// <summary>The length of a key in bytes.</summary>
    public const int Length = 32;

    /// <summary>The length of an ID in characters.</summary>
    public const int IdLength = 8;

    private readonly byte[] bytes;

    private FernetKey(byte[] bytes) => this.bytes = bytes;

    internal ReadOnlySpan<byte> Signing => bytes.AsSpan(0, 16);

    internal ReadOnlySpan<byte> Encryption => bytes.AsSpan(16, 16);

    /// <summary>Returns a new random key.</summary>
    public static FernetKey Create() => new(RandomNumberGenerator.GetBytes(Length));

    /// <summary>Parses a key in URL-safe Base64. Returns null if the text is not the Base64 of 32 bytes.</summary>
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

    /// <summary>Returns a short text that identifies the key and does not reveal it: the beginning of the fingerprint.</summary>
    public string Id => Fingerprint[..IdLength];

    /// <summary>Returns a hash that identifies the key. The key, which consists of 32 random bytes, cannot be computed from it.</summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData([.. "porthor key id"u8, .. bytes]));

    /// <summary>Returns the key in URL-safe Base64, as secret files contain it. It must not be logged.</summary>
    public string Reveal() => Convert.ToBase64String(bytes).Replace('+', '-').Replace('/', '_');

    /// <summary>Returns asterisks.</summary>
    public override string ToString() => "***";
}
