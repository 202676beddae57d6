using System.Net;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Tests.Tokens;

/// <summary>The shared checks of contract/tokens.md 6, each at its limits.</summary>
/// <remarks>TOK-006, TOK-023 to TOK-027, SVC-011, SVC-012, SVC-021, SVC-022.</remarks>
public sealed class TokenRulesTests
{
    private const string NoAdmin = "Missing required admin:token scope";
    private const string NoUser = "Missing required user:token scope";
    private const string NotOthers = "Cannot act on tokens for user other";

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
    private static readonly TokenOptions Options = new()
    {
        KnownScopes = new Dictionary<string, string>
        {
            ["admin:token"] = "",
            ["user:token"] = "",
            ["read:all"] = "",
            ["exec:admin"] = "",
        },
    };

    [Theory]
    // Users can manage only their own tokens, and only with the scope for it.
    [InlineData("user:token", "some-user", false, false, null)]
    [InlineData("user:token", "some-user", false, true, null)]
    [InlineData("user:token", "some-user", true, false, NoAdmin)]
    [InlineData("user:token", "other", false, false, NotOthers)]
    [InlineData("user:token", "other", false, true, NotOthers)]
    [InlineData("user:token", null, false, false, NoAdmin)]
    [InlineData("read:all", "some-user", false, false, NoUser)]
    [InlineData("", "some-user", false, true, NoUser)]
    // If several rules deny, the error is that of the first.
    [InlineData("", "other", true, true, NoAdmin)]
    [InlineData("", "other", false, false, NotOthers)]
    [InlineData("", null, false, true, NoAdmin)]
    // Administrators can manage the tokens of all users and need no other scope, except where the caller must be the user.
    [InlineData("admin:token", "some-user", true, true, null)]
    [InlineData("admin:token", "other", false, false, null)]
    [InlineData("admin:token", "other", true, false, null)]
    [InlineData("admin:token", "other", false, true, NotOthers)]
    [InlineData("admin:token", null, true, true, null)]
    // Only the exact scope permits administration, not a similar one.
    [InlineData("admin:tokens,admin:userinfo,user:token", "other", false, false, NotOthers)]
    // Usernames are compared exactly.
    [InlineData("user:token", "Some-User", false, false, "Cannot act on tokens for user Some-User")]
    public void Only_permitted_callers_can_manage_tokens(
        string scopes, string? username, bool requireAdmin, bool requireSameUser, string? refusal) =>
        TokenRules.Authorize(CallerWith(scopes), username, requireAdmin, requireSameUser).ShouldBe(DeniedError(refusal));

    [Fact]
    public void The_bootstrap_and_internal_identities_are_administrators_without_a_name_of_their_own()
    {
        foreach (var record in (TokenRecord[])[TokenRecord.Bootstrap(Now), TokenRecord.Internal(Now)])
        {
            TokenRules.Authorize(new Caller(record, IpAddress: null), "other").ShouldBeNull();
            TokenRules.Username(record.Username).ShouldBe(DeniedError($"Invalid username: {record.Username}"));
            record.TokenType.ShouldBe(TokenType.Service);
            record.Expires.ShouldBeNull();
        }
        TokenRecord.Bootstrap(Now).Scopes.Text.ShouldBe("admin:oidc,admin:token");
        TokenRecord.Internal(Now).Scopes.Text.ShouldBe("admin:token");
        TokenRecord.Bootstrap(Now).Token.ShouldNotBe(TokenRecord.Bootstrap(Now).Token);
    }

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
    // Callers can grant only scopes that they have and that are known.
    [InlineData("user:token,read:all", "read:all", null)]
    [InlineData("user:token,read:all", "user:token,read:all", null)]
    [InlineData("user:token,read:all", "", null)]
    [InlineData("user:token,read:all", "exec:admin",
        "Requested scopes are broader than your current scopes: exec:admin. Your scopes: read:all, user:token")]
    [InlineData("user:token,read:all", "read:all,exec:admin",
        "Requested scopes are broader than your current scopes: exec:admin. Your scopes: read:all, user:token")]
    [InlineData("user:token,bogus:scope", "bogus:scope", "Unknown scopes requested: bogus:scope. Known scopes: ")]
    [InlineData("user:token,bogus:scope", "user:token,bogus:scope", "Unknown scopes requested: bogus:scope. Known scopes: ")]
    [InlineData("user:token", "bogus:scope", "Requested scopes are broader than your current scopes: bogus:scope. Your scopes: user:token")]
    // Administrators can grant scopes that they do not have, but not unknown scopes.
    [InlineData("admin:token", "exec:admin,read:all", null)]
    [InlineData("admin:token", "exec:admin,bogus:scope", "Unknown scopes requested: bogus:scope. Known scopes: ")]
    [InlineData("admin:token,bogus:scope", "bogus:scope", "Unknown scopes requested: bogus:scope. Known scopes: ")]
    [InlineData("admin:token", "Read:all", "Unknown scopes requested: Read:all. Known scopes: ")]
    public void Callers_can_grant_only_their_own_known_scopes(string callerScopes, string requested, string? refusal)
    {
        var error = TokenRules.GrantedScopes(ScopeSet.Parse(requested), CallerWith(callerScopes), Options);
        error?.Kind.ShouldBe(ErrorKind.InvalidScopes);
        // The list of the known scopes follows the beginning of the message.
        if (refusal is null || !refusal.EndsWith(": ", StringComparison.Ordinal))
            error?.Message.ShouldBe(refusal);
        else
            error.ShouldNotBeNull().Message.ShouldBe(refusal + string.Join(", ", Options.KnownScopes.Keys.Order(StringComparer.Ordinal)));
        (error is null).ShouldBe(refusal is null);
    }

    [Fact]
    public void Operations_of_administrators_need_no_caller()
    {
        TokenRules.GrantedScopes(ScopeSet.Parse("read:all"), caller: null, Options).ShouldBeNull();
        TokenRules.GrantedScopes(ScopeSet.Parse("bogus:scope"), caller: null, Options)
            .ShouldNotBeNull().Message.ShouldStartWith("Unknown scopes requested: bogus:scope. Known scopes: ");
    }

    /// <summary>The names come from a client: they must not fill a log or forge log lines.</summary>
    [Fact]
    public void A_message_about_scopes_is_limited_in_length_and_printable()
    {
        var many = ScopeSet.Of(
            [.. Enumerable.Range(0, 5000).Select(number => $"scope-{number}"), new string('x', 60_000), "a\nb", "\u202Egnirts", ""]);
        foreach (var caller in (Caller?[])[null, CallerWith("user:token")])
        {
            var message = TokenRules.GrantedScopes(many, caller, Options)!.Message;
            message.Length.ShouldBeLessThan(3000);
            message.ShouldAllBe(c => c >= ' ' && c <= '~');
            message.ShouldContain("(empty)");
            message.ShouldContain("a?b");
        }
    }

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

    private static PorthorError? DeniedError(string? message) => message is null ? null
        : new PorthorError(ErrorKind.PermissionDenied, message);

    private static Caller CallerWith(string scopes) => new(
        new TokenRecord
        {
            Token = Token.Create(),
            Username = "some-user",
            TokenType = TokenType.Session,
            Scopes = ScopeSet.Parse(scopes),
            Created = Now,
        },
        IPAddress.Loopback);
}
