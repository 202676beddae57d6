using Porthor.Tokens;

namespace Porthor.Tests.Tokens;

public sealed partial class TokenRulesTests
{
    [Theory]
    [InlineData("ex-am-pl-e", null)]
    [InlineData("<bootstrap>", "Invalid username: <bootstrap>")]
    [InlineData("in--valid", "Invalid username: in--valid")]
    [InlineData("invalid ", "Invalid username: invalid ")]
    [InlineData("", "Invalid username: ")]
    public void Usernames_are_checked(string username, string? refusal) => TokenRules.Username(username).ShouldBe(DeniedError(refusal));

    [Theory]
    [InlineData(TokenType.Service, "bot-user", null)]
    [InlineData(TokenType.Service, "mobu", "Username \"mobu\" must start with \"bot-\"")]
    [InlineData(TokenType.Service, "bot", "Username \"bot\" must start with \"bot-\"")]
    [InlineData(TokenType.User, "mobu", null)]
    [InlineData(TokenType.User, "bot-user", null)]
    public void The_owner_of_a_service_token_is_a_bot(TokenType type, string username, string? refusal) =>
        TokenRules.Owner(type, username).ShouldBe(DeniedError(refusal));

    [Theory]
    [InlineData("laptop", true)]
    [InlineData("my laptop, 2nd", true)]
    [InlineData("Café \u2615 \ud83d\ude80 \u6771\u4eac \u0639\u0631\u0628\u064a e\u0301", true)]
    [InlineData("   ", false)]
    [InlineData("a\u202Eb", false)] // bidirectional controls: marks, embeddings, overrides, isolates
    [InlineData("a\u200Eb", false)]
    [InlineData("a\u200Fb", false)]
    [InlineData("a\u061Cb", false)]
    [InlineData("a\u202Ab", false)]
    [InlineData("a\u2066b", false)]
    [InlineData("a\u2069b", false)]
    [InlineData("a\u200Bb", false)] // zero-width characters
    [InlineData("a\u200Cb", false)]
    [InlineData("a\u200Db", false)]
    [InlineData("a\u2060b", false)]
    [InlineData("a\uFEFFb", false)]
    [InlineData("a\u00ADb", false)]
    [InlineData("a\u034Fb", false)]
    [InlineData("a\u180Eb", false)]
    [InlineData("a\uFE0Fb", false)]
    [InlineData("a\u3164b", false)] // invisible letters
    [InlineData("a\u115Fb", false)]
    [InlineData("a\uFFA0b", false)]
    [InlineData("a\u2800b", false)]
    [InlineData("a\u17B4b", false)]
    [InlineData("a\U000E0041b", false)] // tag characters
    [InlineData("a\U000E0100b", false)]
    [InlineData("a\U0001D173b", false)]
    [InlineData("a\u00A0b", false)] // spaces that look like U+0020
    [InlineData("a\u2003b", false)]
    [InlineData("a\u3000b", false)]
    [InlineData("a\u2028b", false)]
    [InlineData("a\tb", false)]
    [InlineData("a\nb", false)]
    [InlineData("a\u0000b", false)]
    [InlineData("a\u001Bb", false)]
    [InlineData("a\u007Fb", false)]
    [InlineData("a\u0085b", false)]
    [InlineData("", false)]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123", true)]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234", false)]
    public void Every_character_of_a_name_is_visible(string name, bool allowed)
    {
        var error = TokenRules.TokenName(name);
        (error is null).ShouldBe(allowed, error?.Message);
        error?.Kind.ShouldBe(ErrorKind.InvalidTokenName);
        error?.Message.ShouldAllBe(c => c >= ' ' && c <= '~');
    }
}
