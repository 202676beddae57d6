using System.Text;
using CsCheck;
using Porthor.Server.Http;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Http;

/// <summary>
/// Parses the credential in an <c>Authorization</c> header (contract/ingress.md 4). A header that authenticates is never forwarded
/// (deviations 10). The parts of ING-007, ING-015, ING-018 to ING-025, FLT-001 to FLT-005 about one header.
/// </summary>
public sealed class CredentialParserTests
{
    private const string Ours = "gt-bw_8mMVP4tq1pLvRnCjEog.1UqXj1EZ8cwbGnVDBvBXPw";
    private const string Other = "gt-pLvRnCjEogbw_8mMVP4tq1.VDBvBXPw1UqXj1EZ8cwbGn";
    private const string Malformed = "Malformed Authorization header";
    private const string OneEach = "Invalid Basic auth string: expected one user and one password";

    public static TheoryData<string, string> BearerHeaders => new()
    {
        { $"Bearer {Ours}", Ours },
        { $"bearer {Ours}", Ours },
        { $"bEaReR   {Ours}", Ours },
        { $"Bearer\t{Ours}", Ours },
        { $"Bearer\v\f{Ours}", Ours },
        { $" \tBearer {Ours} \t", Ours },
        { "Bearer token", "token" },
        { $"Bearer {Ours} more", $"{Ours} more" },
        { $"Bearer {Ours}, {Other}", $"{Ours}, {Other}" },
        { $"Bearer {Ours}\0", $"{Ours}\0" },
    };

    public static TheoryData<string, string, string> BasicPairs => new()
    {
        { $"{Ours}:anything", Ours, "basic-username" },
        { $"{Ours}:", Ours, "basic-username" },
        { $"{Ours}:x-oauth-basic", Ours, "basic-username" },
        { $"{Ours}:{Ours}", Ours, "basic-username" },
        { $"{Ours}:gt-not.valid", Ours, "basic-username" },
        { $" {Ours}:x\n", Ours, "basic-username" },
        { $"anything:{Ours}", Ours, "basic-password" },
        { $":{Ours}", Ours, "basic-password" },
        { $"x-oauth-basic:{Ours}", Ours, "basic-password" },
        { $"gt-not.valid:{Ours}", Ours, "basic-password" },
        { $"名字\0:{Ours}", Ours, "basic-password" },
    };

    public static TheoryData<string> HeadersWithoutToken => [
        "", " ", "\t", $"Basic {Encoded("foo:foo")}", $"Basic {Encoded("x-oauth-basic:foo")}", $"Basic {Encoded("foo:x-oauth-basic")}",
        $"Basic {Encoded(":")}",
        $"Basic {Encoded("gt-:gt-")}"];

    public static TheoryData<string, string> InvalidHeaders => new()
    {
        { "Bearer", Malformed },
        { " Bearer", Malformed },
        { "Bearer ", Malformed },
        { "Basic", Malformed },
        { Ours, Malformed },
        { $"Bearer:{Ours}", Malformed },
        { $"{Ours} more", Malformed },
        { $"token={Ours} more", Malformed },
        { $"Bearer\u00a0{Ours}", Malformed },
        { "token foo", "Unknown Authorization type token" },
        { $"Digest {Ours}", "Unknown Authorization type Digest" },
        { $"Bearers {Ours}", "Unknown Authorization type Bearers" },
        { $"Bearer\0 {Ours}", "Unknown Authorization type Bearer\0" },
        { $"Basic {Encoded("no colon")}", OneEach },
        { $"Basic {Encoded($"{Ours}:x:y")}", OneEach },
        { $"Basic {Encoded($"{Ours}:{Other}")}", "Conflicting tokens in Basic username and password fields" },
        { $"Basic {Encoded($"{Ours}:{Ours[..^1]}W")}", "Conflicting tokens in Basic username and password fields" },
        { "Basic !!!", OneEach }, // only characters that are skipped
        { "Basic A", "Invalid Basic auth string: incorrect padding" },
        { "Basic QQ=", "Invalid Basic auth string: incorrect padding" },
        { $"Basic {Convert.ToBase64String([0xFF, 0xFE, 0x3A])}", "Invalid Basic auth string: not UTF-8" },
    };

    [Theory, MemberData(nameof(BearerHeaders))]
    public void A_bearer_credential_is_the_text_after_the_scheme(string header, string text) =>
        CredentialParser.Parse(header).ShouldBe(new Credential(text, "bearer", Error: null));

    [Theory, MemberData(nameof(BasicPairs))]
    public void A_token_is_found_in_either_field(string pair, string text, string source)
    {
        foreach (var header in (string[])[
            $"Basic {Encoded(pair)}", $"BASIC {Encoded(pair)}", $"basic\t{Encoded(pair)}", $"Basic   {Encoded(pair)}  ",
            // Characters outside the alphabet are skipped, and text after the padding is ignored.
            $"Basic {Encoded(pair).Insert(7, "-_\0%")}", $"Basic {Encoded(pair).TrimEnd('=')}====="])
        {
            CredentialParser.Parse(header).ShouldBe(new Credential(text, source, Error: null), header);
            CredentialParser.HoldsToken(header).ShouldBeTrue(header);
        }
    }

    [Fact]
    public void A_missing_header_has_no_credentials()
    {
        CredentialParser.Parse(null).ShouldBe(Credential.None);
        CredentialParser.HoldsToken(null).ShouldBeFalse();
    }

    [Theory, MemberData(nameof(HeadersWithoutToken))]
    public void A_header_without_a_token_has_no_credentials(string header)
    {
        CredentialParser.Parse(header).ShouldBe(Credential.None);
        CredentialParser.HoldsToken(header).ShouldBeFalse();
    }

    /// <summary>A field with more than a token does not authenticate, but the token in it is removed.</summary>
    [Theory]
    [InlineData(Ours + " :x")]
    [InlineData(Ours + "\0:x")]
    public void A_token_inside_a_field_is_removed(string pair)
    {
        CredentialParser.Parse($"Basic {Encoded(pair)}").ShouldBe(Credential.None);
        CredentialParser.HoldsToken($"Basic {Encoded(pair)}").ShouldBeTrue();
    }

    [Theory, MemberData(nameof(InvalidHeaders))]
    public void An_unusable_header_is_reported_with_the_reason(string header, string error) =>
        CredentialParser.Parse(header).ShouldBe(
            Credential.Malformed(error, error.StartsWith("Conflicting", StringComparison.Ordinal) ? "basic-username" : null));

    /// <summary>The URL-safe alphabet does not authenticate here, but an application may decode it.</summary>
    [Fact]
    public void A_token_in_the_URL_safe_alphabet_is_removed()
    {
        var header = $"Basic {Encoded($"ü?>:{Ours}").Replace('+', '-').Replace('/', '_')}";
        CredentialParser.Parse(header).Text.HasValue.ShouldBeFalse();
        CredentialParser.HoldsToken(header).ShouldBeTrue();
    }

    [Theory]
    [InlineData("Bearer " + Ours, true)]
    [InlineData("Bearer\t" + Ours, true)]
    [InlineData("  bearer  " + Ours + "\t", true)]
    [InlineData("Bearer token", false)]
    [InlineData("Bearer " + Ours + "x", true)]
    [InlineData("Bearer " + Ours + ",Digest b", true)]
    [InlineData("Digest b, Bearer " + Ours, true)]
    [InlineData("Bearer \"" + Ours + "\"", true)]
    [InlineData("Bearer=" + Ours, true)]
    [InlineData("token " + Ours, true)]
    [InlineData("Digest username=\"" + Ours + "\", realm=\"a\"", true)]
    [InlineData(Ours, true)]
    [InlineData("Bearer gt-bw_8mMVP4tq1pLvRnCjEog%2E1UqXj1EZ8cwbGnVDBvBXPw", true)]
    [InlineData("Bearer gt-bw_8mMVP4tq1pLvRnCjEog", false)]
    [InlineData("Bearer gt-bw_8mMVP4tq1pLvRnCjEog.short", false)]
    [InlineData("basic", false)]
    [InlineData("basic notreally:base64", false)]
    [InlineData("some broken stuff", false)]
    public void Only_headers_with_a_Porthor_token_are_removed(string header, bool isKept) =>
        CredentialParser.HoldsToken(header).ShouldBe(isKept);

    /// <summary>With more than two fields the header does not authenticate, but a token in any field is removed.</summary>
    [Fact]
    public void A_token_in_any_field_is_not_forwarded()
    {
        CredentialParser.HoldsToken($"Basic {Encoded($"x:y:{Ours}")}").ShouldBeTrue();
        CredentialParser.HoldsToken($"Basic {Encoded($"{Ours}:{Other}")}").ShouldBeTrue();
        CredentialParser.HoldsToken($"Basic {Encoded(Ours)}").ShouldBeTrue();
        CredentialParser.HoldsToken($"Digest x=y,Basic {Encoded($"me:{Ours}")}").ShouldBeTrue();
        CredentialParser.HoldsToken($"Custom {Encoded($"a longer text around {Ours} and after it")}").ShouldBeTrue();
        CredentialParser.HoldsToken($"Basic {Encoded($"x:{Ours}")}".TrimEnd('=')).ShouldBeTrue();
    }

    /// <summary>A header that authenticates here must not be forwarded to an application that could store it.</summary>
    [Fact]
    public void No_header_that_authenticates_is_forwarded()
    {
        var blanks = Gen.String[Gen.Char[" \t\v\f\u00a0"], 0, 3];
        var scheme = Gen.OneOf("Bearer", "bearer", "BASIC", "Basic", "basic", "token", "Bearer:", "");
        var noise = Gen.String[Gen.Char["\0=-_:, \tA"], 0, 2];
        var field = Gen.OneOf(Gen.OneOf(Ours, Other, "x-oauth-basic", "", "gt-"), noise);
        var pair = Gen.Select(field.Array[1, 3], noise, (fields, end) => Encoded(string.Join(':', fields) + end));
        var broken = Gen.Select(pair, noise, Gen.Int[0, 30], (text, more, at) => text.Insert(Math.Min(at, text.Length), more));
        var payload = Gen.OneOf(field, pair, broken);
        var signedIn = 0;
        var any = Gen.Select(
            blanks, scheme, blanks, payload, blanks, (before, type, between, rest, after) => $"{before}{type}{between}{rest}{after}");
        any.Sample(header =>
        {
            var found = CredentialParser.Parse(header);
            (found.Text.HasValue && found.Error is not null).ShouldBeFalse();
            if (!Token.TryParse(found.Text, out _))
                return;
            Interlocked.Increment(ref signedIn);
            CredentialParser.HoldsToken(header).ShouldBeTrue(header);
        }, iter: 20_000);
        signedIn.ShouldBeGreaterThan(100);
    }

    private static string Encoded(string pair) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pair));
}
