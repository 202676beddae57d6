using System.Text.RegularExpressions;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Http;
using Porthor.Sessions;
using Porthor.Tokens;
using Porthor.Values;
using static Porthor.Fuzz.FuzzException;

namespace Porthor.Fuzz;

/// <summary>Parsers of short texts: tokens, headers, addresses, times.</summary>
internal static partial class TextTargets
{
    private const string SomeToken = "gt-aj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw";

    public static readonly Fernet Fernet = new([FernetKey.TryParse("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")!], TimeProvider.System);

    private static readonly SessionCookie Cookie = new(Fernet);

    public static readonly FuzzTarget[] All =
    [
        FuzzTarget.OfText("token", ["gt-", ".", SomeToken], CheckToken),
        FuzzTarget.OfText("authorization", ["Bearer ", "Basic ", "bearer\t", SomeToken, ":", "=", "x-oauth-basic"], CheckAuthorization),
        FuzzTarget.OfText("cookie", ["gafaelfawr=", "; ", "\"", "=", ";;", " gafaelfawr = "], CheckCookie),
        new FuzzTarget("fernet", ["gAAAAA", "=", "==", "\n", "%"], CheckFernet),
        FuzzTarget.OfText(
            "cidr", ["/", "::", ".", "255.255.255.0", "1.2.3.4", "fe80::1%eth0", "::ffff:1.2.3.4", "/128"], CheckAddressBlock),
        FuzzTarget.OfText("time", ["T", "Z", "+00:00", "2026-07-01", ".123456", "1e3", "-"], CheckTime),
        FuzzTarget.OfText("duration", ["1w", "2d", "3h", "4m", "5s", " ", "weeks"], text => Require(
            Duration.TryParse(text) is not { } span || span.Duration() < TimeSpan.MaxValue, "a duration is finite")),
    ];

    private static void CheckToken(string text)
    {
        if (Token.TryParse(text, out var token))
        {
            Require(token.Reveal() == text, "a token reveals the text that was parsed");
            // The check does not search for the secret, because the fuzzer creates secrets that are part of their keys.
            Require(token.ToString() == $"gt-{token.Key}.***", "a token prints without its secret");
            Require(Token.Parse(text).Equals(token), "a token is equal to itself");
            return;
        }
        try
        {
            Token.Parse(text);
            throw new FuzzException("an invalid token is rejected");
        }
        catch (PorthorException e) when (e.Error.Kind == ErrorKind.InvalidToken)
        {
            // Expected.
        }
    }

    private static void CheckAuthorization(string header)
    {
        var credential = CredentialParser.Parse(header);
        if (credential.Text.HasValue && Token.TryParse(credential.Text.AsSpan(), out _))
            Require(CredentialParser.HoldsToken(header), "a header that authenticates is not forwarded");
        Require(credential.Error is null || !credential.Text.HasValue, "an invalid header gives no credential");
        // The error is logged, and logs must not contain tokens.
        Require(credential.Error is null || !WholeToken.IsMatch(credential.Error), "an error contains no token");
    }

    private static void CheckCookie(string header)
    {
        var found = RequestCookies.Find(header, SessionCookie.Name);
        var rest = RequestCookies.Without(header, SessionCookie.Name);
        Require(rest is null || RequestCookies.Find(rest, SessionCookie.Name) is null, "the session cookie is not forwarded");
        if (found is not null)
            Cookie.TryRead(found, out _);
    }

    /// <summary>
    /// Checks that texts that were not encrypted cannot be decrypted, and that encrypted texts can be decrypted unless they were changed.
    /// </summary>
    private static void CheckFernet(byte[] data)
    {
        Require(!Fernet.TryDecrypt(data, out _), "arbitrary data cannot be decrypted");
        var encrypted = Fernet.Encrypt(data);
        Require(Fernet.TryDecrypt(encrypted, out var back) && back.AsSpan().SequenceEqual(data), "encrypted data can be decrypted");
        // The last characters are not changed, because not all of their bits are significant.
        var position = data.Length == 0 ? 0 : data[0] % (encrypted.Length - 4);
        encrypted[position] = encrypted[position] == (byte)'A' ? (byte)'B' : (byte)'A';
        Require(!Fernet.TryDecrypt(encrypted, out _), "changed data cannot be decrypted");
    }

    private static void CheckTime(string text)
    {
        if (TimeText.TryParse(text, out var time, out _))
            Require(time.Offset == TimeSpan.Zero, "a time is in UTC");
    }

    private static void CheckAddressBlock(string text)
    {
        AddressBlock block;
        try
        {
            block = AddressBlock.Parse(text);
        }
        catch (FormatException)
        {
            return;
        }
        Require(AddressBlock.Parse(block.ToString()) == block, "parsing a written block returns the same block");
        Require(block.Contains(block.Address), "a block contains its own address");
    }

    [GeneratedRegex(@"gt-[^.\s]{22}\.[^.\s]{22}", RegexOptions.None, 1000)]
    private static partial Regex WholeToken { get; }
}
