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
        FuzzTarget.OfText("cidr", ["/", "::", ".", "255.255.255.0", "1.2.3.4", "fe80::1%eth0", "::ffff:1.2.3.4", "/128"], CheckAddressBlock),
        FuzzTarget.OfText("time", ["T", "Z", "+00:00", "2026-07-01", ".123456", "1e3", "-"], CheckTime),
        FuzzTarget.OfText("duration", ["1w", "2d", "3h", "4m", "5s", " ", "weeks"], text => Require(Duration.TryParse(text) is not { } span || span.Duration() < TimeSpan.MaxValue, "a duration is one")),
    ];

    private static void CheckToken(string text)
    {
        if (Token.TryParse(text, out var token))
        {
            Require(token.Reveal() == text, "a token reveals what was read");
            // Looking for the secret would not do: the fuzzer makes secrets that are part of their keys.
            Require(token.ToString() == $"gt-{token.Key}.***", "a token prints without its secret");
            Require(Token.Parse(text).Equals(token), "a token is equal to itself");
            return;
        }
        try
        {
            Token.Parse(text);
            throw new FuzzException("what is no token is refused");
        }
        catch (PorthorException e) when (e.Error.Kind == ErrorKind.InvalidToken)
        {
            // As it should.
        }
    }

    private static void CheckAuthorization(string header)
    {
        var credential = CredentialParser.Parse(header);
        if (credential.Text.HasValue && Token.TryParse(credential.Text.AsSpan(), out _))
            Require(CredentialParser.HoldsToken(header), "a header that authenticates is not passed on");
        Require(credential.Error is null || !credential.Text.HasValue, "what cannot be used gives no credential");
        // The error goes into logs, where no token may be.
        Require(credential.Error is null || !WholeToken.IsMatch(credential.Error), "an error shows no token");
    }

    private static void CheckCookie(string header)
    {
        var found = RequestCookies.Find(header, SessionCookie.Name);
        var rest = RequestCookies.Without(header, SessionCookie.Name);
        Require(rest is null || RequestCookies.Find(rest, SessionCookie.Name) is null, "no cookie of ours is passed on");
        if (found is not null)
            Cookie.TryRead(found, out _);
    }

    /// <summary>What was not encrypted is not decrypted, and what was comes back, if nobody has changed it.</summary>
    private static void CheckFernet(byte[] data)
    {
        Require(!Fernet.TryDecrypt(data, out _), "nobody guesses a ciphertext");
        var sealedData = Fernet.Encrypt(data);
        Require(Fernet.TryDecrypt(sealedData, out var back) && back.AsSpan().SequenceEqual(data), "what was encrypted is decrypted");
        // Not the last characters, of whose bits not all count.
        var position = data.Length == 0 ? 0 : data[0] % (sealedData.Length - 4);
        sealedData[position] = sealedData[position] == (byte)'A' ? (byte)'B' : (byte)'A';
        Require(!Fernet.TryDecrypt(sealedData, out _), "what was changed is not decrypted");
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
        Require(AddressBlock.Parse(block.ToString()) == block, "a block reads as it is written");
        Require(block.Contains(block.Address), "a block has its own address");
    }

    [GeneratedRegex(@"gt-[^.\s]{22}\.[^.\s]{22}", RegexOptions.None, 1000)]
    private static partial Regex WholeToken { get; }
}
