using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Porthor.Server.Login.Oidc;

/// <summary>A signed ID token in its parts (RFC 7515 section 3.1). Nothing of it is verified.</summary>
/// <param name="Header">A JSON object.</param>
/// <param name="Claims">A JSON object.</param>
/// <param name="SignedPart">The bytes that the signature covers.</param>
internal sealed record IdToken(JsonElement Header, JsonElement Claims, byte[] SignedPart, byte[] Signature)
{
    /// <summary>Without padding and blanks, which decoders may accept (RFC 7515 section 2).</summary>
    private static readonly SearchValues<char> Characters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>Reads a token in the compact form. An encrypted token has five parts, and is not supported.</summary>
    /// <exception cref="UnverifiedTokenException">The text is no such token. The message does not contain the token.</exception>
    public static IdToken Parse(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(Characters) && text.Split('.') is [var header, var claims, var signature])
        {
            try
            {
                if (ReadObject(header) is { } headerJson && ReadObject(claims) is { } claimsJson)
                    return new IdToken(headerJson, claimsJson, Encoding.ASCII.GetBytes($"{header}.{claims}"), Base64Url.DecodeFromChars(signature));
            }
            catch (FormatException)
            {
            }
        }
        throw new UnverifiedTokenException("The token cannot be read");
    }

    /// <summary>
    /// Checks what the header says about the token besides its signature: extensions that must be understood, of which Porthor knows none
    /// (RFC 7515 section 4.1.11), and the kind of token, so that no access or logout token is taken for an ID token (RFC 8725 section 3.11).
    /// Keys in the header, or links to keys, are ignored.
    /// </summary>
    /// <exception cref="UnverifiedTokenException">This is no ID token, or not one that is understood.</exception>
    public void CheckHeader()
    {
        if (Header.Member("crit") is { } critical)
            throw new UnverifiedTokenException(LoginFailure.Shortened($"The token has critical extensions that are not supported: {critical}"));
        if (Header.Member("b64") is not null)
            throw new UnverifiedTokenException("The token has an unencoded payload, which is not supported");
        foreach (var name in (ReadOnlySpan<string>)["typ", "cty"])
        {
            if (Header.Member(name) is { } type && !(name == "typ" && IsJwt(type)))
                throw new UnverifiedTokenException(LoginFailure.Shortened($"The token is not an ID token ({name} is {type})"));
        }
    }

    /// <summary>Media types are compared without case, and <c>application/</c> may be left out (RFC 7515 section 4.1.9).</summary>
    private static bool IsJwt(JsonElement type) =>
        type.ValueKind == JsonValueKind.String && type.GetString()!.ToUpperInvariant() is "JWT" or "APPLICATION/JWT";

    private static JsonElement? ReadObject(string part) =>
        ForeignJson.TryParse(Base64Url.DecodeFromChars(part)) is { ValueKind: JsonValueKind.Object } json ? json : null;
}

/// <summary>An ID token, or the keys to verify it, cannot be accepted. The message may be shown to users.</summary>
internal sealed class UnverifiedTokenException(string message) : Exception(message)
{
    /// <summary>What an operator compares the token with, for the log; null for nothing.</summary>
    public string? Hint { get; init; }
}
