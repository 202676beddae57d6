using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Porthor.Tokens;

/// <summary>
/// A token: <c>gt-KEY.SECRET</c> (contract/tokens.md 1). The alphabet of the halves is not checked, only their length.
/// It prints with its secret hidden; the whole is had from <see cref="Reveal"/>, for the answer to its creator and for
/// the encrypted record, and for nothing else.
/// </summary>
public sealed class Token : IEquatable<Token>
{
    public const string Prefix = "gt-";
    public const int SecretLength = 22;
    private const int RandomBytes = 16;

    public Token(TokenKey key, string secret)
    {
        if (key.Value.Length != TokenKey.Length || secret.Length != SecretLength)
            throw new ArgumentException("The halves of a token have 22 characters each.", nameof(secret));
        Key = key;
        Secret = secret;
    }

    public TokenKey Key { get; }

    internal string Secret { get; }

    /// <summary>True if both halves have only characters of URL-safe base64, as in all issued tokens.</summary>
    public bool IsWellFormed => Key.IsWellFormed && TokenKey.HasOnlyTokenCharacters(Secret);

    /// <summary>A new token from the system's cryptographic random numbers, its halves drawn independently.</summary>
    public static Token Create() => new(new TokenKey(RandomHalf()), RandomHalf());

    /// <summary>Reads a token.</summary>
    /// <exception cref="PorthorException"><c>invalid_token</c>, with the contract's text for what is wrong.</exception>
    public static Token Parse(string text) =>
        TryParse(text, out var token) ? token : throw FaultOf(text).ToException();

    /// <summary>What is wrong with a text that is no token.</summary>
    public static PorthorError FaultOf(ReadOnlySpan<char> text) =>
        PorthorError.InvalidToken(text.StartsWith(Prefix, StringComparison.Ordinal) ? "Token is malformed" : "Token does not start with gt-");

    /// <summary>Does a text have a token's form? Nothing is said about its being one.</summary>
    public static bool IsToken(ReadOnlySpan<char> text) =>
        text.Length == Prefix.Length + TokenKey.Length + 1 + SecretLength
        && text.StartsWith(Prefix, StringComparison.Ordinal)
        && text[Prefix.Length..].IndexOf('.') == TokenKey.Length;

    /// <summary>Reads a token; false for everything that only resembles one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out Token? token)
    {
        token = null;
        if (!IsToken(text))
            return false;
        var halves = text[Prefix.Length..];
        token = new Token(new TokenKey(halves[..TokenKey.Length].ToString()), halves[(TokenKey.Length + 1)..].ToString());
        return true;
    }

    /// <summary>The whole token. Whoever reads this text can act as its owner.</summary>
    public string Reveal() => $"{Prefix}{Key}.{Secret}";

    /// <summary>Same key and same secret; the secrets are compared in constant time.</summary>
    public bool Equals(Token? other) =>
        other is not null
        && Key == other.Key
        && CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(Secret.AsSpan()), MemoryMarshal.AsBytes(other.Secret.AsSpan()));

    public override bool Equals(object? obj) => Equals(obj as Token);

    public override int GetHashCode() => Key.GetHashCode();

    public override string ToString() => $"{Prefix}{Key}.***";

    private static string RandomHalf()
    {
        Span<byte> random = stackalloc byte[RandomBytes];
        RandomNumberGenerator.Fill(random);
        return Base64Url.EncodeToString(random);
    }
}
