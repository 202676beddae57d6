using Porthor.Ingress;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Ingress;

/// <summary>
/// The decisions of forward authentication as values, without HTTP (contract/ingress.md 3 to 9). The HTTP responses are tested with the
/// server.
/// </summary>
public sealed class AuthorizerTests
{
    private static readonly IngressRule AnyToken = new();
    private static readonly IngressRule ReadAll = new() { Scopes = ScopeSet.Of("read:all") };

    [Theory, EveryMode]
    public async Task A_token_with_the_scope_is_allowed_with_its_user(Mode mode)
    {
        await using var ingress = await Authorization.StartAsync(mode);
        var session = await ingress.Node.Tokens.SessionForAsync("some-user", "read:all,user:token");
        // The second request uses the cached record.
        for (var i = 0; i < 2; i++)
        {
            var answer = await ingress.AllowedAsync(Authorization.Request(session.Record.Token, ReadAll));
            (answer.Status, answer.Outcome, answer.Record, answer.ChildToken, answer.Quota)
                .ShouldBe((200, AuthorizationOutcome.Allowed, session.Record, null, null));
            Authorization.HeadersOf(answer).ShouldBe(new Dictionary<string, string>
            {
                ["X-Auth-Request-User"] = "some-user",
                ["X-Auth-Request-Email"] = "someuser@example.com",
            });
        }
        ingress.Observed.ShouldBe(["authenticated some-user", "authenticated some-user"]);
    }

    [Theory, EveryMode]
    public async Task A_token_without_the_scope_is_denied_with_an_answer_that_requests_share(Mode mode)
    {
        await using var ingress = await Authorization.StartAsync(mode);
        var session = await ingress.Node.Tokens.SessionForAsync("some-user");
        var other = await ingress.Node.Tokens.SessionForAsync("other-user");
        var answer = await ingress.DeniedAsync(Authorization.Request(session.Record.Token, ReadAll));
        (answer.Status, answer.Outcome, answer.Code, answer.Message, answer.Form, answer.Event, answer.IsShared).ShouldBe(
            (403, AuthorizationOutcome.Denied, "insufficient_scope", "Token missing required scope", DenialForm.Error,
                IngressEvent.Denied, true));
        (answer.Challenge, answer.RequiredScopes).ShouldBe((ChallengeType.Bearer, ScopeSet.Of("read:all")));
        (await ingress.DeniedAsync(Authorization.Request(other.Record.Token, ReadAll))).ShouldBeSameAs(answer);
    }

    [Fact]
    public async Task Credentials_are_checked_before_the_rule()
    {
        await using var ingress = await Authorization.StartAsync(Mode.Embedded);
        var session = await ingress.Node.Tokens.SessionForAsync("some-user");
        foreach (var rule in (IngressRule?[])[AnyToken, null])
        {
            (await ingress.DeniedAsync(Authorization.Request((Token?)null, rule))).ShouldBeSameAs(
                DeniedAnswer.Unauthenticated(ChallengeType.Bearer, isAjax: false));
            (await ingress.DeniedAsync(Authorization.Request(Token.Create(), rule, challenge: ChallengeType.Basic))).ShouldBeSameAs(
                DeniedAnswer.Unknown(ChallengeType.Basic));
        }
        (await ingress.DeniedAsync(Authorization.Request(session.Record.Token, rule: null))).ShouldBeSameAs(DeniedAnswer.InvalidRule);
        ingress.Observed.ShouldBe(["authenticated some-user"]);
    }

    [Fact]
    public async Task An_invalid_credential_is_denied_with_its_error()
    {
        await using var ingress = await Authorization.StartAsync(Mode.Embedded);
        var withoutToken = await ingress.DeniedAsync(Authorization.Request((Token?)null, AnyToken, isAjax: true));
        (withoutToken.Status, withoutToken.Outcome, withoutToken.Code, withoutToken.Form, withoutToken.Event).ShouldBe(
            (403, AuthorizationOutcome.Denied, "no_authorization", DenialForm.Credentials, IngressEvent.None));
        (await ingress.DeniedAsync(Authorization.Request((Token?)null, AnyToken))).Status.ShouldBe(401);

        var unknown = await ingress.DeniedAsync(Authorization.Request(Token.Create(), AnyToken));
        (unknown.Status, unknown.Code, unknown.Message, unknown.Event).ShouldBe(
            (401, "invalid_token", "Token is not valid", IngressEvent.InvalidToken));

        // A session that is no longer valid redirects to the login and is not an error.
        var revokedSession = new PresentedCredential(Token.Create(), Error: null, HasSession: true, PresentedCredential.CookieSource);
        (await ingress.DeniedAsync(Authorization.Request(revokedSession, AnyToken))).ShouldBeSameAs(
            DeniedAnswer.Unauthenticated(ChallengeType.Bearer, isAjax: false));

        var malformed = await ingress.DeniedAsync(WithError(PorthorError.InvalidRequest("Malformed Authorization header")));
        (malformed.Status, malformed.Code, malformed.Outcome).ShouldBe((400, "invalid_request", AuthorizationOutcome.Invalid));
        var noToken = await ingress.DeniedAsync(WithError(PorthorError.InvalidToken("Token does not start with gt-")));
        (noToken.Status, noToken.Code, noToken.Outcome).ShouldBe((401, "invalid_token", AuthorizationOutcome.Unauthenticated));

        static IngressRequest WithError(PorthorError error) =>
            Authorization.Request(new PresentedCredential(Token: null, error, HasSession: false), AnyToken);
    }

    [Fact]
    public async Task A_revoked_token_is_denied_even_if_its_record_is_cached()
    {
        await using var ingress = await Authorization.StartAsync(Mode.Embedded);
        var session = await ingress.Node.Tokens.SessionForAsync("some-user");
        await ingress.AllowedAsync(Authorization.Request(session.Record.Token, AnyToken));
        (await ingress.Node.Tokens.DeleteTokenAsync(session.Record.Token.Key, session, "some-user")).ShouldBeTrue();
        (await ingress.AuthorizeAsync(
            Authorization.Request(session.Record.Token, AnyToken))).Outcome.ShouldBe(AuthorizationOutcome.Unauthenticated);
    }

    [Fact]
    public async Task The_remaining_lifetime_must_be_sufficient()
    {
        await using var ingress = await Authorization.StartAsync(Mode.Embedded);
        var session = await ingress.Node.Tokens.SessionForAsync("some-user");
        var left = session.Record.Expires!.Value - ingress.Clock.GetUtcNow();
        ingress.Clock.Advance(left - TimeSpan.FromMinutes(10));
        await ingress.AllowedAsync(
            Authorization.Request(session.Record.Token, new IngressRule { GivenLifetime = TimeSpan.FromMinutes(10) }));
        ingress.Clock.Advance(TimeSpan.FromSeconds(1));
        var early = await ingress.DeniedAsync(
            Authorization.Request(session.Record.Token, new IngressRule { GivenLifetime = TimeSpan.FromMinutes(10) }));
        (early.Status, early.Code, early.Form, early.Event).ShouldBe(
            (401, "invalid_token", DenialForm.Credentials, IngressEvent.ExpiresTooEarly));

        var tooLong = await ingress.DeniedAsync(
            Authorization.Request(session.Record.Token, new IngressRule { GivenLifetime = TimeSpan.FromDays(10_000) }));
        (tooLong.Status, tooLong.Form, tooLong.Error?.Kind, tooLong.Outcome).ShouldBe(
            (422, DenialForm.Operation, ErrorKind.InvalidMinimumLifetime, AuthorizationOutcome.Invalid));
    }

    [Fact]
    public async Task A_rule_can_name_the_user_the_service_and_the_domain()
    {
        await using var ingress = await Authorization.StartAsync(Mode.Embedded);
        var session = await ingress.Node.Tokens.SessionForAsync("some-user");
        var child = await ingress.Node.Tokens.GetInternalTokenAsync(session, "tap", ScopeSet.Empty);
        var domain = new IngressRule { UserDomain = true };
        foreach (var (token, rule, url, isAllowed) in (IEnumerable<(Token, IngressRule, string, bool)>)[
            (session.Record.Token, new IngressRule { Username = "some-user" }, "", true),
            (session.Record.Token, new IngressRule { Username = "other-user" }, "", false),
            (session.Record.Token, new IngressRule { OnlyServices = ["tap"] }, "", false),
            (child, new IngressRule { OnlyServices = ["other", "tap"] }, "", true),
            (session.Record.Token, domain, "https://some-user.example.com/", true),
            (session.Record.Token, domain, "https://other-user.example.com/", false),
            (session.Record.Token, domain, "https://some-user.example.org/", false),
            (session.Record.Token, domain, "no URL", false)])
        {
            var answer = await ingress.AuthorizeAsync(Authorization.Request(token, rule, url));
            answer.Status.ShouldBe(isAllowed ? 200 : 403, $"{rule} {url}");
        }
        Authorization.HeadersOf(await ingress.AllowedAsync(Authorization.Request(child, AnyToken)))["X-Auth-Request-Service"]
            .ShouldBe("tap");
    }
}
