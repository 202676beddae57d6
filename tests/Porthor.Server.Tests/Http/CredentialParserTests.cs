using System.Text;
using Porthor.Server.Http;

namespace Porthor.Server.Tests.Http;

/// <summary>
/// Parses the credential in an <c>Authorization</c> header (contract/ingress.md 4). A header that authenticates is never forwarded
/// (deviations 10). The parts of ING-007, ING-015, ING-018 to ING-025, FLT-001 to FLT-005 about one header.
/// </summary>
public sealed partial class CredentialParserTests
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

    [Theory, MemberData(nameof(InvalidHeaders))]
    public void An_unusable_header_is_reported_with_the_reason(string header, string error) =>
        CredentialParser.Parse(header).ShouldBe(
            Credential.Malformed(error, error.StartsWith("Conflicting", StringComparison.Ordinal) ? "basic-username" : null));

    private static string Encoded(string pair) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pair));
}
