using CsCheck;
using Porthor.Tokens;

namespace Porthor.Tests.Tokens;

/// <summary>MOD-001: the format of a token (contract/tokens.md 1).</summary>
public sealed class TokenTests
{
    private const string Key = "bw_8mMVP4tq1pLvRnCjEog";
    private const string Secret = "1UqXj1EZ8cwbGnVDBvBXPw";
    private const string Text = $"gt-{Key}.{Secret}";

    [Fact]
    public void A_token_is_read_as_it_was_written()
    {
        var token = Token.Parse(Text);
        token.Key.Value.ShouldBe(Key);
        token.Secret.ShouldBe(Secret);
        token.Reveal().ShouldBe(Text);
    }

    [Fact]
    public void A_new_token_is_128_random_bits_twice()
    {
        var tokens = Enumerable.Range(0, 200).Select(_ => Token.Create()).ToList();
        foreach (var token in tokens)
        {
            token.Reveal().ShouldMatch(@"\Agt-[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{22}\z");
            Token.Parse(token.Reveal()).ShouldBe(token);
        }
        tokens.SelectMany(token => (string[])[token.Key.Value, token.Secret]).Distinct().Count().ShouldBe(400);
    }

    [Theory]
    [InlineData("", "Token does not start with gt-")]
    [InlineData(".", "Token does not start with gt-")]
    [InlineData(Key, "Token does not start with gt-")]
    [InlineData(Key + ".", "Token does not start with gt-")]
    [InlineData("gt-", "Token is malformed")]
    [InlineData("gt-.", "Token is malformed")]
    [InlineData("gt-" + Key, "Token is malformed")]
    [InlineData("gt-" + Key + ".", "Token is malformed")]
    [InlineData("gt-." + Secret, "Token is malformed")]
    [InlineData("gt-NOT.VALID", "Token is malformed")]
    [InlineData(Text + ".!!!!", "Token is malformed")]
    [InlineData("gt" + Key + "." + Secret, "Token does not start with gt-")]
    [InlineData("GT-" + Key + "." + Secret, "Token does not start with gt-")]
    [InlineData(" " + Text, "Token does not start with gt-")]
    [InlineData(Text + " ", "Token is malformed")]
    [InlineData(Text + "\n", "Token is malformed")]
    [InlineData("gt-" + Key + Secret, "Token is malformed")]
    [InlineData("gt-" + Key + "x." + Secret, "Token is malformed")]
    [InlineData("gt-bw_8mMVP4tq1pLvRnCj.og.1UqXj1EZ8cwbGnVDBvBXPw", "Token is malformed")] // the first dot is the separator
    public void A_malformed_token_is_rejected(string text, string reason)
    {
        Token.TryParse(text, out var none).ShouldBeFalse();
        none.ShouldBeNull();
        var refusal = Should.Throw<PorthorException>(() => Token.Parse(text));
        refusal.Error.ShouldBe(new PorthorError(ErrorKind.InvalidToken, reason));
    }

    [Theory]
    [InlineData("gt-!!!!!!!!!!!!!!!!!!!!!!.??????????????????????")]
    [InlineData("gt-bw_8mMVP4tq1pLvRnCjEog.1UqXj1EZ8cwbGnVDBv..Pw")] // dots in the secret
    [InlineData("gt-éééééééééééééééééééééé.\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n")]
    public void The_alphabet_is_not_checked(string text) => Token.Parse(text).Reveal().ShouldBe(text);

    [Fact]
    public void Any_two_halves_form_a_token_and_no_text_crashes_the_parser()
    {
        var half = Gen.String[Gen.Char.Where(c => c != '.'), 22, 22];
        Gen.Select(half, half).Sample((key, secret) => Token.Parse($"gt-{key}.{secret}").Reveal() == $"gt-{key}.{secret}");
        Gen.String[Gen.Char["gt-.aA"], 0, 60].Sample(text => Token.TryParse(text, out var token) == (token?.Reveal() == text));
    }

    [Fact]
    public void Tokens_are_equal_only_if_both_halves_are()
    {
        var token = Token.Parse(Text);
        var same = new Token(new TokenKey(Key), Secret);
        token.ShouldBe(same);
        token.GetHashCode().ShouldBe(same.GetHashCode());
        token.Equals((object)same).ShouldBeTrue();
        token.Equals(new Token(token.Key, Token.Create().Secret)).ShouldBeFalse();
        token.Equals(new Token(Token.Create().Key, Secret)).ShouldBeFalse();
        token.Equals((object)Text).ShouldBeFalse();
        token.Equals(null).ShouldBeFalse();
    }

    [Theory]
    [InlineData("", Secret)]
    [InlineData(Key + "x", Secret)]
    [InlineData(Key, "")]
    [InlineData(Key, Secret + "x")]
    public void Halves_of_another_length_are_rejected(string key, string secret) =>
        Should.Throw<ArgumentException>(() => new Token(new TokenKey(key), secret));

    /// <summary>Keys have the same order as in the token index, whose collation is C.</summary>
    [Fact]
    public void Keys_are_ordered_by_their_bytes()
    {
        TokenKey[] keys = [new("b"), new("_"), new("A"), new("a"), new("-"), new("Z"), new("0")];
        keys.Order().Select(key => $"{key}").ShouldBe(["-", "0", "A", "Z", "_", "a", "b"]);
        (new TokenKey("Z") < new TokenKey("a")).ShouldBeTrue();
        (new TokenKey("a") >= new TokenKey("a")).ShouldBeTrue();
        (new TokenKey("a") > new TokenKey("a")).ShouldBeFalse();
        (new TokenKey("b") <= new TokenKey("a")).ShouldBeFalse();
    }

    [Theory]
    [InlineData(TokenType.Session, "session")]
    [InlineData(TokenType.User, "user")]
    [InlineData(TokenType.Notebook, "notebook")]
    [InlineData(TokenType.Internal, "internal")]
    [InlineData(TokenType.Service, "service")]
    [InlineData(TokenType.Oidc, "oidc")]
    public void Every_type_has_a_name(TokenType type, string name)
    {
        type.ToText().ShouldBe(name);
        TokenTypes.Parse(name).ShouldBe(type);
        TokenTypes.TryParse(name.ToUpperInvariant()).ShouldBeNull();
        TokenTypes.All[(int)type].ShouldBe(name);
    }

    [Fact]
    public void Unknown_type_names_are_rejected()
    {
        foreach (var name in (string?[])[null, "", "user ", "0", "bogus"])
            TokenTypes.TryParse(name).ShouldBeNull();
        Should.Throw<FormatException>(() => TokenTypes.Parse("bogus")).Message.ShouldBe("'bogus' is not a token type.");
    }
}
