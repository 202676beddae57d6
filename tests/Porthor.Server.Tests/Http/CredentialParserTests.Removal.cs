using CsCheck;
using Porthor.Server.Http;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Http;

public sealed partial class CredentialParserTests
{
    /// <summary>A field with more than a token does not authenticate, but the token in it is removed.</summary>
    [Theory]
    [InlineData(Ours + " :x")]
    [InlineData(Ours + "\0:x")]
    public void A_token_inside_a_field_is_removed(string pair)
    {
        CredentialParser.Parse($"Basic {Encoded(pair)}").ShouldBe(Credential.None);
        CredentialParser.HoldsToken($"Basic {Encoded(pair)}").ShouldBeTrue();
    }

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
}
