using System.Diagnostics.CodeAnalysis;
using Porthor.Tokens;

namespace Porthor.OpenIdConnect;

/// <summary>
/// Represents an authorization code: <c>gc-KEY.SECRET</c> (contract/oidc-server.md 6). Only the lengths of key and secret are checked, not
/// their characters. <see cref="ToString"/> hides the secret.
/// </summary>
public sealed class AuthorizationCode
{
    /// <summary>The text with which each code begins.</summary>
    public const string Prefix = "gc-";

    /// <summary>Null if a half contains characters that no issued code contains.</summary>
    private readonly Token? halves;

    private readonly string key;

    internal AuthorizationCode(Token halves)
    {
        this.halves = halves;
        key = halves.Key.Value;
    }

    private AuthorizationCode(string key) => this.key = key;

    /// <summary>Returns the key, which is not secret. It is also the ID of the ID token.</summary>
    public string Key => key;

    /// <summary>Returns key and secret; null if the text has the form of a code, but cannot have been issued.</summary>
    internal Token? Halves => halves;

    /// <summary>Creates a code from cryptographically secure random numbers: two independent halves with 128 bits each.</summary>
    public static AuthorizationCode Create() => new(Token.Create());

    /// <summary>Parses a code.</summary>
    /// <param name="text">The text.</param>
    /// <param name="code">The code; null if the text does not have the form of a code.</param>
    /// <param name="reason">The reason for the log; null if there is a code.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out AuthorizationCode? code, [NotNullWhen(false)] out string? reason)
    {
        code = null;
        reason = "Token does not start with gc-";
        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
            return false;
        reason = "Code is malformed";
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
            return false;
        var (key, secret) = (text[Prefix.Length..dot], text[(dot + 1)..]);
        if (LengthOf(key) != TokenKey.Length || LengthOf(secret) != Token.SecretLength)
            return false;
        var isWellFormed = TokenKey.HasOnlyTokenCharacters(key) && TokenKey.HasOnlyTokenCharacters(secret);
        code = isWellFormed ? new AuthorizationCode(new Token(new TokenKey(key), secret)) : new AuthorizationCode(key);
        reason = null;
        return true;
    }

    /// <summary>Returns the complete code, only for the redirect to the client.</summary>
    /// <exception cref="InvalidOperationException">The code cannot have been issued.</exception>
    public string Reveal() =>
        halves is null ? throw new InvalidOperationException("This code was not issued.") : $"{Prefix}{halves.Key}.{halves.Secret}";

    /// <summary>Returns the key, with asterisks instead of the secret.</summary>
    public override string ToString() => $"{Prefix}{key}.***";

    /// <summary>Returns the number of characters, as the reference counts them.</summary>
    private static int LengthOf(string text) => text.EnumerateRunes().Count();
}
