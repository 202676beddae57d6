using CsCheck;
using Porthor.Ingress;
using Porthor.Server.Http;
using Porthor.Values;

namespace Porthor.Server.Tests.Http;

/// <summary>The <c>WWW-Authenticate</c> header (contract/ingress.md 5). No text can leave its parameter.</summary>
public sealed class ChallengeTests
{
    private static readonly Challenge Bearer = new("example.com");
    private static readonly Challenge Basic = new("example.com", ChallengeType.Basic);

    [Fact]
    public void A_challenge_without_an_error_has_only_a_realm()
    {
        Bearer.Plain.ShouldBe("Bearer realm=\"example.com\"");
        Basic.Plain.ShouldBe("Basic realm=\"example.com\"");
    }

    [Fact]
    public void An_error_is_named_and_described() => Bearer.WithError("invalid_token", "Token is not valid").ShouldBe(
        "Bearer realm=\"example.com\", error=\"invalid_token\", error_description=\"Token is not valid\"");

    [Fact]
    public void Missing_scopes_are_listed_in_order()
    {
        Bearer.WithError("insufficient_scope", "Token missing required scope", ScopeSet.Parse("exec:test,exec:admin")).ShouldBe(
            "Bearer realm=\"example.com\", error=\"insufficient_scope\", error_description=\"Token missing required scope\", "
            + "scope=\"exec:admin exec:test\"");
        Bearer.WithError("insufficient_scope", "Not allowed", ScopeSet.Empty).ShouldBe(
            "Bearer realm=\"example.com\", error=\"insufficient_scope\", error_description=\"Not allowed\"");
    }

    [Fact]
    public void A_Basic_challenge_has_no_error_parameters() =>
        Basic.WithError("insufficient_scope", "Token missing required scope", ScopeSet.Parse("exec:admin"))
            .ShouldBe("Basic realm=\"example.com\"");

    [Theory]
    [InlineData("Unknown Authorization type Say\"hi\\", "Unknown Authorization type Sayhi")]
    [InlineData("\", scope=\"admin:token", ", scope=admin:token")]
    [InlineData("\\\"", "")]
    [InlineData("one\r\nSet-Cookie: two", "one??Set-Cookie: two")]
    [InlineData("\0\t\u007f\u0085", "????")]
    [InlineData("Jetôn 🔑", "Jetôn 🔑")]
    public void A_text_stays_within_its_quotes(string text, string described) => Bearer.WithError("invalid_request", text).ShouldBe(
        $"Bearer realm=\"example.com\", error=\"invalid_request\", error_description=\"{described}\"");

    /// <summary>A client sends a text that tries to add parameters or lines to the response.</summary>
    [Fact]
    public void No_text_adds_a_parameter_or_a_line() => Gen.String[Gen.OneOf(Gen.Char["\"\\,=\r\n\0 a"], Gen.Char), 0, 20].Sample(text =>
    {
        var header = Bearer.WithError("invalid_request", text);
        return header.Count(c => c == '"') == 6 && !header.Contains('\\') && !header.Any(char.IsControl);
    });
}

public sealed class HeaderTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("someuser@example.com", "someuser@example.com")]
    [InlineData("名字 Ångström 🔑 \"\\", "名字 Ångström 🔑 \"\\")]
    [InlineData("a\r\nX-Auth-Request-User: admin", "a??X-Auth-Request-User: admin")]
    [InlineData("\0a\tb\u001b\u007f\u0080\u009f", "?a?b????")]
    public void Control_characters_are_replaced_and_nothing_else(string text, string clean) => HeaderText.Clean(text).ShouldBe(clean);

    [Fact]
    public void No_cleaned_text_contains_a_control_character() => Gen.String.Sample(text =>
    {
        var clean = HeaderText.Clean(text);
        return clean.Length == text.Length && !clean.Any(char.IsControl);
    });
}
