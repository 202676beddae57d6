using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Porthor.Server.Values;

namespace Porthor.Server.Login.Oidc;

/// <summary>Represents the parts of a signed ID token (RFC 7515 section 3.1). The parts are not verified.</summary>
/// <param name="Header">The header, a JSON object.</param>
/// <param name="Claims">The claims, a JSON object.</param>
/// <param name="SignedPart">The bytes that the signature covers.</param>
internal sealed record IdToken(JsonElement Header, JsonElement Claims, byte[] SignedPart, byte[] Signature)
{
    /// <summary>The characters of a token. Padding and blanks, which decoders may accept, are not allowed (RFC 7515 section 2).</summary>
    private static readonly SearchValues<char> Characters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>Parses a token in the compact form. An encrypted token has five parts and is not supported.</summary>
    /// <exception cref="UnverifiedTokenException">The text is not such a token. The message does not contain the token.</exception>
    public static IdToken Parse(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(Characters) && text.Split('.') is [var header, var claims, var signature])
        {
            try
            {
                if (ReadObject(header) is { } headerJson && ReadObject(claims) is { } claimsJson)
                    return new IdToken(
                        headerJson, claimsJson, Encoding.ASCII.GetBytes($"{header}.{claims}"), Base64Url.DecodeFromChars(signature));
            }
            catch (FormatException)
            {
            }
        }
        throw new UnverifiedTokenException("The token cannot be read");
    }

    /// <summary>
    /// Checks the members of the header other than those of the signature: critical extensions, of which Porthor supports none (RFC 7515
    /// section 4.1.11), and the kind of token, so that an access or logout token is not accepted as an ID token (RFC 8725 section 3.11).
    /// Keys in the header, or links to keys, are ignored.
    /// </summary>
    /// <exception cref="UnverifiedTokenException">The token is not an ID token, or has an unsupported extension.</exception>
    public void CheckHeader()
    {
        if (Header.Member("crit") is { } critical)
            throw new UnverifiedTokenException(
                LoginFailure.Shortened($"The token has critical extensions that are not supported: {critical}"));
        if (Header.Member("b64") is not null)
            throw new UnverifiedTokenException("The token has an unencoded payload, which is not supported");
        foreach (var name in (ReadOnlySpan<string>)["typ", "cty"])
        {
            if (Header.Member(name) is { } type && !(name == "typ" && IsJwt(type)))
                throw new UnverifiedTokenException(LoginFailure.Shortened($"The token is not an ID token ({name} is {type})"));
        }
    }

    /// <summary>
    /// Returns whether a type is JWT. Media types are case-insensitive, and <c>application/</c> may be omitted (RFC 7515 section 4.1.9).
    /// </summary>
    private static bool IsJwt(JsonElement type) =>
        type.ValueKind == JsonValueKind.String && type.GetString()!.ToUpperInvariant() is "JWT" or "APPLICATION/JWT";

    private static JsonElement? ReadObject(string part) =>
        ProviderJson.TryParse(Base64Url.DecodeFromChars(part)) is { ValueKind: JsonValueKind.Object } json ? json : null;
}

/// <summary>
/// Represents the reason why an ID token, or the keys to verify it, cannot be accepted. The message may be shown to users.
/// </summary>
internal sealed class UnverifiedTokenException(string message) : Exception(message)
{
    /// <summary>Gets the values to which an operator compares the token, for the log; null if there are none.</summary>
    public string? Hint { get; init; }
}
