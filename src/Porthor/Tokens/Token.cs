using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Porthor.Tokens;

/// <summary>
/// Represents a token: <c>gt-KEY.SECRET</c> (contract/tokens.md 1). Only the lengths of key and secret are checked, not their characters.
/// <see cref="ToString"/> replaces the secret by asterisks. <see cref="Reveal"/> returns the complete token.
/// </summary>
public sealed class Token : IEquatable<Token>
{
    /// <summary>The text with which each token begins.</summary>
    public const string Prefix = "gt-";
    /// <summary>The length of the secret in characters.</summary>
    public const int SecretLength = 22;
    private const int RandomBytes = 16;

    /// <summary>Initializes a token from its key and its secret.</summary>
    /// <exception cref="ArgumentException">The key or the secret does not have 22 characters.</exception>
    public Token(TokenKey key, string secret)
    {
        if (key.Value.Length != TokenKey.Length || secret.Length != SecretLength)
            throw new ArgumentException("The key and the secret of a token have 22 characters each.", nameof(secret));
        Key = key;
        Secret = secret;
    }

    /// <summary>Returns the key, which is not secret.</summary>
    public TokenKey Key { get; }

    internal string Secret { get; }

    /// <summary>Returns true if key and secret contain only characters of URL-safe Base64, as in all issued tokens.</summary>
    public bool IsWellFormed => Key.IsWellFormed && TokenKey.HasOnlyTokenCharacters(Secret);

    /// <summary>
    /// Creates a token from cryptographically secure random numbers. The key and the secret are independent, with 128 bits each.
    /// </summary>
    public static Token Create() => new(new TokenKey(RandomHalf()), RandomHalf());

    /// <summary>Parses a token.</summary>
    /// <exception cref="PorthorException"><c>invalid_token</c>, with the message of the contract.</exception>
    public static Token Parse(string text) =>
        TryParse(text, out var token) ? token : throw ErrorOf(text).ToException();

    /// <summary>Returns the error for a text that is not a token.</summary>
    public static PorthorError ErrorOf(ReadOnlySpan<char> text) =>
        PorthorError.InvalidToken(
            text.StartsWith(Prefix, StringComparison.Ordinal) ? "Token is malformed" : "Token does not start with gt-");

    /// <summary>Returns true if a text has the format of a token, whether or not the token exists.</summary>
    public static bool IsToken(ReadOnlySpan<char> text) =>
        text.Length == Prefix.Length + TokenKey.Length + 1 + SecretLength
        && text.StartsWith(Prefix, StringComparison.Ordinal)
        && text[Prefix.Length..].IndexOf('.') == TokenKey.Length;

    /// <summary>Parses a token. Returns false if the text does not have the format of a token.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out Token? token)
    {
        token = null;
        if (!IsToken(text))
            return false;
        var halves = text[Prefix.Length..];
        token = new Token(new TokenKey(halves[..TokenKey.Length].ToString()), halves[(TokenKey.Length + 1)..].ToString());
        return true;
    }

    /// <summary>Returns the complete token. Anyone who has this text can act as its owner.</summary>
    public string Reveal() => $"{Prefix}{Key}.{Secret}";

    /// <summary>Returns true if key and secret are equal. The secrets are compared in constant time.</summary>
    public bool Equals(Token? other) =>
        other is not null
        && Key == other.Key
        && CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(Secret.AsSpan()), MemoryMarshal.AsBytes(other.Secret.AsSpan()));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Token);

    /// <inheritdoc/>
    public override int GetHashCode() => Key.GetHashCode();

    /// <summary>Returns the key, with asterisks instead of the secret.</summary>
    public override string ToString() => $"{Prefix}{Key}.***";

    private static string RandomHalf()
    {
        Span<byte> random = stackalloc byte[RandomBytes];
        RandomNumberGenerator.Fill(random);
        return Base64Url.EncodeToString(random);
    }
}
