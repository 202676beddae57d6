using System.Net;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Tests.Tokens;

/// <summary>The shared checks of contract/tokens.md 6, each at its limits.</summary>
/// <remarks>TOK-006, TOK-023 to TOK-027, SVC-011, SVC-012, SVC-021, SVC-022.</remarks>
public sealed partial class TokenRulesTests
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
