using System.Net;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Tests.Tokens;

/// <summary>The shared checks of contract/tokens.md 6, each at its boundary.</summary>
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
    // Users act on their own tokens, if they have the scope for it, and never on all or another's.
    [InlineData("user:token", "some-user", false, false, null)]
    [InlineData("user:token", "some-user", false, true, null)]
    [InlineData("user:token", "some-user", true, false, NoAdmin)]
    [InlineData("user:token", "other", false, false, NotOthers)]
    [InlineData("user:token", "other", false, true, NotOthers)]
    [InlineData("user:token", null, false, false, NoAdmin)]
    [InlineData("read:all", "some-user", false, false, NoUser)]
    [InlineData("", "some-user", false, true, NoUser)]
    // The first reason counts.
    [InlineData("", "other", true, true, NoAdmin)]
    [InlineData("", "other", false, false, NotOthers)]
    [InlineData("", null, false, true, NoAdmin)]
    // Administrators act on all, but where the same user is asked for, and need no other scope.
    [InlineData("admin:token", "some-user", true, true, null)]
    [InlineData("admin:token", "other", false, false, null)]
    [InlineData("admin:token", "other", true, false, null)]
    [InlineData("admin:token", "other", false, true, NotOthers)]
    [InlineData("admin:token", null, true, true, null)]
    // Only the scope makes an administrator, not one that resembles it.
    [InlineData("admin:tokens,admin:userinfo,user:token", "other", false, false, NotOthers)]
    // Usernames are compared as they are.
    [InlineData("user:token", "Some-User", false, false, "Cannot act on tokens for user Some-User")]
    public void Whoever_acts_on_tokens_must_be_allowed_to(
        string scopes, string? username, bool requireAdmin, bool requireSameUser, string? refusal) =>
        TokenRules.Authorize(CallerWith(scopes), username, requireAdmin, requireSameUser).ShouldBe(Denied(refusal));

    [Fact]
    public void The_bootstrap_and_internal_identities_are_administrators_without_a_name_of_their_own()
    {
        foreach (var record in (TokenRecord[])[TokenRecord.Bootstrap(Now), TokenRecord.Internal(Now)])
        {
            TokenRules.Authorize(new Caller(record, IpAddress: null), "other").ShouldBeNull();
            TokenRules.Username(record.Username).ShouldBe(Denied($"Invalid username: {record.Username}"));
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
    public void Usernames_are_checked(string username, string? refusal) => TokenRules.Username(username).ShouldBe(Denied(refusal));

    [Theory]
    [InlineData(TokenType.Service, "bot-user", null)]
    [InlineData(TokenType.Service, "mobu", "Username \"mobu\" must start with \"bot-\"")]
    [InlineData(TokenType.Service, "bot", "Username \"bot\" must start with \"bot-\"")]
    [InlineData(TokenType.User, "mobu", null)]
    [InlineData(TokenType.User, "bot-user", null)]
    public void Service_tokens_belong_to_bots(TokenType type, string username, string? refusal) =>
        TokenRules.Owner(type, username).ShouldBe(Denied(refusal));

    [Theory]
    // No more than one has, and only what is known.
    [InlineData("user:token,read:all", "read:all", null)]
    [InlineData("user:token,read:all", "user:token,read:all", null)]
    [InlineData("user:token,read:all", "", null)]
    [InlineData("user:token,read:all", "exec:admin", "Requested scopes are broader than your current scopes")]
    [InlineData("user:token,read:all", "read:all,exec:admin", "Requested scopes are broader than your current scopes")]
    [InlineData("user:token,bogus:scope", "bogus:scope", "Unknown scopes requested")]
    [InlineData("user:token,bogus:scope", "user:token,bogus:scope", "Unknown scopes requested")]
    [InlineData("user:token", "bogus:scope", "Requested scopes are broader than your current scopes")]
    // An administrator may give what they lack, but not what nobody knows.
    [InlineData("admin:token", "exec:admin,read:all", null)]
    [InlineData("admin:token", "exec:admin,bogus:scope", "Unknown scopes requested")]
    [InlineData("admin:token,bogus:scope", "bogus:scope", "Unknown scopes requested")]
    [InlineData("admin:token", "Read:all", "Unknown scopes requested")]
    public void Scopes_are_given_by_whoever_has_them(string own, string requested, string? refusal)
    {
        var error = refusal is null ? null : new PorthorError(ErrorKind.InvalidScopes, refusal);
        TokenRules.GrantedScopes(ScopeSet.Parse(requested), CallerWith(own), Options).ShouldBe(error);
    }

    [Fact]
    public void Where_only_administrators_come_no_caller_is_asked_for()
    {
        TokenRules.GrantedScopes(ScopeSet.Parse("read:all"), caller: null, Options).ShouldBeNull();
        TokenRules.GrantedScopes(ScopeSet.Parse("bogus:scope"), caller: null, Options)
            .ShouldBe(new PorthorError(ErrorKind.InvalidScopes, "Unknown scopes requested"));
    }

    [Theory]
    [InlineData(300_000, true)]
    [InlineData(300_001, true)]
    [InlineData(299_999, false)] // a fraction counts
    [InlineData(0, false)]
    [InlineData(-1, false)]
    [InlineData(-1_700_000_000_000, false)]
    public void A_token_lasts_five_minutes_at_least(long milliseconds, bool allowed)
    {
        var error = allowed ? null : new PorthorError(ErrorKind.InvalidExpires, "Token must be valid for at least five minutes");
        foreach (var type in Enum.GetValues<TokenType>())
            TokenRules.Expires(Now.AddMilliseconds(milliseconds), type, Now, new TokenPolicy()).ShouldBe(error);
    }

    [Fact]
    public void Without_a_policy_a_token_may_last_for_ever()
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
    public void A_policy_bounds_each_type_apart()
    {
        var policy = new TokenPolicy { MaxUserLifetime = TimeSpan.FromHours(1), MaxServiceLifetime = TimeSpan.FromDays(1.5) };
        static PorthorError Late(string type, int seconds) =>
            new(ErrorKind.InvalidExpires, $"Tokens of type {type} must expire within {seconds} seconds");

        TokenRules.Expires(Now.AddHours(1), TokenType.User, Now, policy).ShouldBeNull();
        TokenRules.Expires(Now.AddHours(1).AddTicks(1), TokenType.User, Now, policy).ShouldBe(Late("user", 3600));
        TokenRules.Expires(null, TokenType.User, Now, policy).ShouldBe(Late("user", 3600));
        TokenRules.Expires(Now.AddDays(1.5), TokenType.Service, Now, policy).ShouldBeNull();
        TokenRules.Expires(Now.AddDays(2), TokenType.Service, Now, policy).ShouldBe(Late("service", 129_600));
        TokenRules.Expires(null, TokenType.Service, Now, policy).ShouldBe(Late("service", 129_600));

        // Sessions and children have their own rules, and the least lifetime stays.
        TokenRules.Expires(Now.AddDays(30), TokenType.Session, Now, policy).ShouldBeNull();
        TokenRules.Expires(Now.AddMinutes(1), TokenType.User, Now, policy)
            .ShouldBe(new PorthorError(ErrorKind.InvalidExpires, "Token must be valid for at least five minutes"));
    }

    [Fact]
    public void A_token_asked_for_without_an_end_gets_the_default_or_else_the_longest()
    {
        var hour = TimeSpan.FromHours(1);
        new TokenPolicy { DefaultUserLifetime = hour }.DefaultExpires(TokenType.User, Now).ShouldBe(Now + hour);
        new TokenPolicy { DefaultUserLifetime = hour }.DefaultExpires(TokenType.Service, Now).ShouldBeNull();
        new TokenPolicy { MaxUserLifetime = 2 * hour }.DefaultExpires(TokenType.User, Now).ShouldBe(Now + (2 * hour));
        new TokenPolicy { MaxUserLifetime = 2 * hour, DefaultUserLifetime = hour }.DefaultExpires(TokenType.User, Now).ShouldBe(Now + hour);
        new TokenPolicy { MaxServiceLifetime = hour }.DefaultExpires(TokenType.Service, Now).ShouldBe(Now + hour);
    }

    /// <summary>Deviations 3: the end itself is over.</summary>
    [Fact]
    public void A_record_is_expired_from_its_end_on()
    {
        var record = CallerWith("").Record with { Expires = Now };
        record.IsExpired(Now.AddTicks(-1)).ShouldBeFalse();
        record.IsExpired(Now).ShouldBeTrue();
        record.IsExpired(Now.AddYears(1)).ShouldBeTrue();
        (record with { Expires = null }).IsExpired(DateTimeOffset.MaxValue).ShouldBeFalse();
    }

    private static PorthorError? Denied(string? message) => message is null ? null : new PorthorError(ErrorKind.PermissionDenied, message);

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
