using Porthor.Tokens;

namespace Porthor.Tests.Tokens;

public sealed partial class TokenRulesTests
{
    [Theory]
    [InlineData(300_000, true)]
    [InlineData(300_001, true)]
    [InlineData(299_999, false)] // fractions of a second count
    [InlineData(0, false)]
    [InlineData(-1, false)]
    [InlineData(-1_700_000_000_000, false)]
    public void The_minimum_lifetime_is_five_minutes(long milliseconds, bool allowed)
    {
        var error = allowed ? null : new PorthorError(ErrorKind.InvalidExpires, "Token must be valid for at least five minutes");
        foreach (var type in Enum.GetValues<TokenType>())
            TokenRules.Expires(Now.AddMilliseconds(milliseconds), type, Now, new TokenPolicy()).ShouldBe(error);
    }

    [Fact]
    public void Without_a_policy_tokens_can_have_no_expiration()
    {
        TokenRules.Expires(null, TokenType.User, Now, new TokenPolicy()).ShouldBeNull();
        TokenRules.Expires(DateTimeOffset.MaxValue, TokenType.Service, Now, new TokenPolicy()).ShouldBeNull();
        new TokenPolicy().DefaultExpires(TokenType.User, Now).ShouldBeNull();
        new TokenPolicy().DefaultExpires(TokenType.Service, Now).ShouldBeNull();
        TokenOptions.MinimumLifetime.ShouldBe(TimeSpan.FromMinutes(5));
        new TokenOptions().Lifetime.ShouldBe(TimeSpan.FromDays(30));
    }

    /// <summary>Deviations 18.</summary>
    [Fact]
    public void A_policy_limits_each_token_type_separately()
    {
        var policy = new TokenPolicy { MaxUserLifetime = TimeSpan.FromHours(1), MaxServiceLifetime = TimeSpan.FromDays(1.5) };
        static PorthorError TooLate(string type, int seconds) =>
            new(ErrorKind.InvalidExpires, $"Tokens of type {type} must expire within {seconds} seconds");

        TokenRules.Expires(Now.AddHours(1), TokenType.User, Now, policy).ShouldBeNull();
        TokenRules.Expires(Now.AddHours(1).AddTicks(1), TokenType.User, Now, policy).ShouldBe(TooLate("user", 3600));
        TokenRules.Expires(null, TokenType.User, Now, policy).ShouldBe(TooLate("user", 3600));
        TokenRules.Expires(Now.AddDays(1.5), TokenType.Service, Now, policy).ShouldBeNull();
        TokenRules.Expires(Now.AddDays(2), TokenType.Service, Now, policy).ShouldBe(TooLate("service", 129_600));
        TokenRules.Expires(null, TokenType.Service, Now, policy).ShouldBe(TooLate("service", 129_600));

        // Sessions and child tokens have their own rules, and the minimum lifetime still applies.
        TokenRules.Expires(Now.AddDays(30), TokenType.Session, Now, policy).ShouldBeNull();
        TokenRules.Expires(Now.AddMinutes(1), TokenType.User, Now, policy)
            .ShouldBe(new PorthorError(ErrorKind.InvalidExpires, "Token must be valid for at least five minutes"));
    }

    [Fact]
    public void A_token_without_a_requested_expiration_gets_the_default_or_the_maximum_lifetime()
    {
        var hour = TimeSpan.FromHours(1);
        new TokenPolicy { DefaultUserLifetime = hour }.DefaultExpires(TokenType.User, Now).ShouldBe(Now + hour);
        new TokenPolicy { DefaultUserLifetime = hour }.DefaultExpires(TokenType.Service, Now).ShouldBeNull();
        new TokenPolicy { MaxUserLifetime = 2 * hour }.DefaultExpires(TokenType.User, Now).ShouldBe(Now + (2 * hour));
        new TokenPolicy { MaxUserLifetime = 2 * hour, DefaultUserLifetime = hour }.DefaultExpires(TokenType.User, Now).ShouldBe(Now + hour);
        new TokenPolicy { MaxServiceLifetime = hour }.DefaultExpires(TokenType.Service, Now).ShouldBe(Now + hour);
    }

    /// <summary>Deviations 3: a token is expired at its exact time of expiration.</summary>
    [Fact]
    public void A_record_is_expired_at_its_time_of_expiration()
    {
        var record = CallerWith("").Record with { Expires = Now };
        record.IsExpired(Now.AddTicks(-1)).ShouldBeFalse();
        record.IsExpired(Now).ShouldBeTrue();
        record.IsExpired(Now.AddYears(1)).ShouldBeTrue();
        (record with { Expires = null }).IsExpired(DateTimeOffset.MaxValue).ShouldBeFalse();
    }
}
