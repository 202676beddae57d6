using System.Buffers;
using System.Text;
using Microsoft.Extensions.Primitives;
using Porthor.Ingress;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Http;

/// <summary>Represents the credential of an <c>Authorization</c> header.</summary>
/// <param name="Text">The credential, which is not necessarily a token. Has no value if there is no credential.</param>
/// <param name="Source">The source of the credential for the log, for example <c>bearer</c>; null if no source is logged.</param>
/// <param name="Error">The reason why the header is invalid; null if it is valid or contains no credential for Porthor.</param>
internal readonly record struct Credential(StringSegment Text, string? Source, string? Error)
{
    public static Credential None => default;

    public static Credential Malformed(string error, string? source = null) => new(Text: default, source, error);
}

/// <summary>
/// Finds the credential in an <c>Authorization</c> header (contract/api.md 2.1, ingress.md 4).
/// </summary>
internal static class CredentialParser
{
    /// <summary>The ASCII blanks. Other blanks are bytes of UTF-8 characters here.</summary>
    private const string BlankCharacters = " \t\n\r\v\f";

    private static readonly SearchValues<char> Blanks = SearchValues.Create(BlankCharacters);
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <param name="header">The header; null if there is none.</param>
    /// <param name="onlyBearer">True to refuse all other types, including Basic.</param>
    public static Credential Parse(string? header, bool onlyBearer = false)
    {
        var text = TrimBlanks(header ?? "");
        if (text.Length == 0)
            return Credential.None;
        if (!TrySplit(text, out var type, out var rest))
            return Credential.Malformed("Malformed Authorization header");
        if (type.Equals("bearer", StringComparison.OrdinalIgnoreCase))
            return new Credential(rest, PresentedCredential.BearerSource, Error: null);
        if (!onlyBearer && type.Equals("basic", StringComparison.OrdinalIgnoreCase))
            return ParseBasic(rest.ToString());
        // A client can send a token in place of the type, and the error is logged.
        return Credential.Malformed(type.AsSpan().Contains(Token.Prefix, StringComparison.Ordinal)
            ? "Malformed Authorization header"
            : $"Unknown Authorization type {HeaderText.Decode(type.ToString())}");
    }

    /// <summary>
    /// Returns whether a header contains text in the form of a token, in any scheme and at any position. Such a header is not forwarded to
    /// the application (contract/ingress.md 11, deviations 10).
    /// </summary>
    public static bool HoldsToken(string? header)
    {
        if (TokenSearch.Contains(header))
            return true;
        if (!TrySplit(TrimBlanks(header ?? ""), out var type, out var rest))
            return false;
        // IsToken checks the form less strictly than TokenSearch, in the same way as the code that accepts a token.
        if (type.Equals("bearer", StringComparison.OrdinalIgnoreCase))
            return Token.IsToken(rest);
        return type.Equals("basic", StringComparison.OrdinalIgnoreCase)
            && TryDecode(rest.ToString(), out var decoded, out _)
            && (TokenSearch.Contains(decoded) || decoded.Split(':').Any(part => Token.IsToken(part)));
    }

    private static StringSegment TrimBlanks(string header)
    {
        var start = header.AsSpan().IndexOfAnyExcept(Blanks);
        return start < 0 ? StringSegment.Empty : new StringSegment(header, start, header.AsSpan().LastIndexOfAnyExcept(Blanks) - start + 1);
    }

    /// <summary>Splits a header at its first blank. Returns false if it has none.</summary>
    private static bool TrySplit(StringSegment text, out StringSegment type, out StringSegment rest)
    {
        var blank = text.AsSpan().IndexOfAny(Blanks);
        type = blank < 0 ? default : text.Subsegment(0, blank);
        if (blank < 0)
        {
            rest = default;
            return false;
        }
        // The text is trimmed, so the blanks are followed by another character.
        rest = text.Subsegment(blank + text.AsSpan()[blank..].IndexOfAnyExcept(Blanks));
        return true;
    }

    /// <summary>
    /// Parses Basic credentials. The token can be the username or the password. The other field is ignored, unless it contains another
    /// token.
    /// </summary>
    private static Credential ParseBasic(string encoded)
    {
        if (!TryDecode(encoded, out var decoded, out var error))
            return Credential.Malformed($"Invalid Basic auth string: {error}");
        if (decoded.Split(':') is not [var user, var password])
            return Credential.Malformed("Invalid Basic auth string: expected one user and one password");

        var userIsToken = Token.TryParse(user, out var userToken);
        var passwordIsToken = Token.TryParse(password, out var passwordToken);
        if (userIsToken && passwordIsToken && !userToken!.Equals(passwordToken))
            return Credential.Malformed("Conflicting tokens in Basic username and password fields", "basic-username");
        if (userIsToken)
            return new Credential(user, "basic-username", Error: null);
        return passwordIsToken ? new Credential(password, "basic-password", Error: null) : Credential.None;
    }

    private static bool TryDecode(string encoded, out string decoded, out string error)
    {
        (decoded, error) = ("", "");
        try
        {
            decoded = StrictUtf8.GetString(DecodeLeniently(encoded)).Trim();
            return true;
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            error = e is FormatException ? e.Message : "not UTF-8";
            return false;
        }
    }

    /// <summary>
    /// Decodes Base64 as the reference does: characters outside the alphabet are skipped, padding must be complete, and the text after the
    /// padding is ignored.
    /// </summary>
    private static byte[] DecodeLeniently(string encoded)
    {
        var data = new StringBuilder(encoded.Length);
        var padding = 0;
        foreach (var c in encoded)
        {
            if (c == '=')
            {
                padding++;
                if (data.Length % 4 >= 2 && (data.Length % 4) + padding >= 4)
                    return Convert.FromBase64String(data.Append('=', 4 - (data.Length % 4)).ToString());
            }
            else if (char.IsAsciiLetterOrDigit(c) || c is '+' or '/')
            {
                data.Append(c);
                padding = 0;
            }
        }
        return data.Length % 4 == 0 ? Convert.FromBase64String(data.ToString()) : throw new FormatException("incorrect padding");
    }
}
