using Porthor.Tokens;

namespace Porthor.Tests.Tokens;

/// <summary>MOD-001.</summary>
public sealed class TokenTests
{
    [Fact]
    public void A_token_is_read_as_it_was_written()
    {
        var token = Token.Create();
        token.Reveal().ShouldStartWith("gt-");
        Token.Parse(token.Reveal()).ShouldBe(token);
    }

    [Fact]
    public void A_token_prints_without_its_secret()
    {
        var token = Token.Create();
        $"{token}".ShouldBe($"gt-{token.Key}.***");
    }
}
