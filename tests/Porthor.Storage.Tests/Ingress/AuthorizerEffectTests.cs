using Porthor.Ingress;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Ingress;

/// <summary>Delegation, quotas, failures and requests of browsers in the decisions of forward authentication, without HTTP.</summary>
public sealed class AuthorizerEffectTests
{
    private static readonly IngressRule Delegating = new() { DelegateTo = "tap", DelegateScopes = ScopeSet.Of("read:all", "exec:admin") };

    [Theory, EveryMode]
    public async Task The_application_receives_a_child_token(Mode mode)
    {
        await using var ingress = await Authorization.StartAsync(mode);
        var session = await ingress.Node.Tokens.SessionForAsync("some-user", "read:all,user:token");
        var first = await ingress.AllowedAsync(Authorization.Request(session.Record.Token, Delegating));
        var child = (await ingress.Node.Tokens.GetDataAsync(first.ChildToken.ShouldNotBeNull())).ShouldNotBeNull();
        (child.TokenType, child.Service, child.Scopes).ShouldBe((TokenType.Internal, "tap", ScopeSet.Of("read:all")));
        Authorization.HeadersOf(first).ShouldNotContainKey("Authorization");

        var replacing = await ingress.AllowedAsync(
            Authorization.Request(session.Record.Token, Delegating with { UseAuthorization = true }));
        replacing.ChildToken.ShouldBe(first.ChildToken);
        var headers = Authorization.HeadersOf(replacing);
        (headers["X-Auth-Request-Token"], headers["Authorization"]).ShouldBe(
            (first.ChildToken!.Reveal(), $"Bearer {first.ChildToken.Reveal()}"));

        var notebook = await ingress.AllowedAsync(Authorization.Request(session.Record.Token, new IngressRule { Notebook = true }));
        (await ingress.Node.Tokens.GetDataAsync(notebook.ChildToken!))!.TokenType.ShouldBe(TokenType.Notebook);
    }

    [Fact]
    public async Task An_unknown_scope_for_the_child_is_an_invalid_rule()
    {
        await using var ingress = await Authorization.StartAsync(Mode.Embedded);
        var session = await ingress.Node.Tokens.SessionForAsync("some-user", "read:all,user:token,no:such");
        var rule = new IngressRule { DelegateTo = "tap", DelegateScopes = ScopeSet.Of("no:such") };
        var denied = await ingress.DeniedAsync(Authorization.Request(session.Record.Token, rule));
        (denied.Status, denied.Form, denied.Error?.Kind).ShouldBe((422, DenialForm.Operation, ErrorKind.InvalidScopes));
    }

    [Fact]
    public async Task Requests_are_counted_until_the_quota_is_exceeded()
    {
        await using var ingress = await Authorization.StartAsync(Mode.Embedded);
        var session = await ingress.Node.Tokens.SessionForAsync("some-user");
        var request = Authorization.Request(session.Record.Token, new IngressRule { Service = "limited" });
        var reset = ingress.Clock.GetUtcNow() + TimeSpan.FromMinutes(1);
        (await ingress.AllowedAsync(request)).Quota.ShouldBe(new RateStatus("some-user", "limited", Limit: 2, Used: 1, reset));
        (await ingress.AllowedAsync(request)).Quota!.Used.ShouldBe(2);
        var denied = await ingress.DeniedAsync(request);
        (denied.Status, denied.Outcome, denied.Code, denied.Message, denied.Event, denied.IsShared).ShouldBe(
            (429, AuthorizationOutcome.RateLimited, "rate_limited", "Rate limit (2/minute) exceeded", IngressEvent.RateLimited, false));
        denied.Quota.ShouldBe(new RateStatus("some-user", "limited", Limit: 2, Used: 2, reset));
        ingress.Observed.Where(line => line.StartsWith("counted", StringComparison.Ordinal)).ShouldBe(
            ["counted 1", "counted 2", "counted 2"]);
        ingress.Clock.Advance(TimeSpan.FromMinutes(1));
        (await ingress.AllowedAsync(request)).Quota!.Used.ShouldBe(1);

        var blocked = await ingress.DeniedAsync(Authorization.Request(session.Record.Token, new IngressRule { Service = "blocked" }));
        (blocked.Status, blocked.Message, blocked.Quota).ShouldBe((403, "User some-user not allowed to access service blocked", null));
    }

    [Fact]
    public async Task A_request_that_cannot_be_counted_is_allowed_without_a_quota()
    {
        await using var ingress = await Authorization.StartAsync(Mode.Embedded);
        var session = await ingress.Node.Tokens.SessionForAsync("some-user");
        ingress.Counter.Fails = true;
        var answer = await ingress.AllowedAsync(Authorization.Request(session.Record.Token, new IngressRule { Service = "limited" }));
        answer.Quota.ShouldBeNull();
        ingress.Observed.ShouldContain("count failed");
    }

    /// <summary>While a store is unavailable the answer is 503, never 401 or 200 (deviations 14).</summary>
    [Fact]
    public async Task The_answer_is_503_while_a_store_is_unavailable()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var records = new FaultInjectingProxy((await RealServers.Instance.RedisAsync()).Port);
        await using var ingress = await Authorization.StartAsync(
            Mode.Cluster, settings => settings with
            {
                PersistentRedis = settings.PersistentRedis! with { Port = records.Port },
                AnswerTimeout = TimeSpan.FromSeconds(2),
            });
        var session = await ingress.Node.Tokens.SessionForAsync("some-user");
        await ingress.AllowedAsync(Authorization.Request(session.Record.Token, new IngressRule()));
        records.Stall();
        foreach (var token in (Token[])[session.Record.Token, Token.Create()])
        {
            var denied = await ingress.DeniedAsync(Authorization.Request(token, new IngressRule()));
            (denied.Status, denied.Outcome, denied.Code, denied.RetryAfter, denied.Challenge).ShouldBe(
                (503, AuthorizationOutcome.Unavailable, "store_unavailable", TimeSpan.FromSeconds(1), null));
            denied.Cause.ShouldBeOfType<StoreUnavailableException>();
        }
    }

    [Theory]
    [InlineData("https://example.com", true)]
    [InlineData("https://friend.example.org", true)]
    [InlineData("https://evil.example.org", false)]
    [InlineData("null", false)]
    public async Task A_WebSocket_of_a_foreign_page_is_denied_with_the_cookie_of_the_user(string origin, bool isAllowed)
    {
        await using var ingress = await Authorization.StartAsync(Mode.Embedded);
        var session = await ingress.Node.Tokens.SessionForAsync("some-user");
        var cookie = new PresentedCredential(session.Record.Token, Error: null, HasSession: true, PresentedCredential.CookieSource);
        var answer = await ingress.AuthorizeAsync(
            Authorization.Request(cookie, new IngressRule(), "wss://example.com/socket", webSocketOrigins: [origin]));
        answer.Status.ShouldBe(isAllowed ? 200 : 403);
        (await ingress.AuthorizeAsync(
            Authorization.Request(cookie, new IngressRule(), webSocketOrigins: ["https://example.com", origin]))).Status.ShouldBe(403);

        // A page cannot send a bearer token with a handshake.
        var bearer = cookie with { Source = PresentedCredential.BearerSource };
        (await ingress.AuthorizeAsync(Authorization.Request(bearer, new IngressRule(), webSocketOrigins: [origin]))).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("https://sub.example.com", "GET", false, 200)]
    [InlineData("https://example.org", "GET", true, 403)]
    [InlineData(null, null, true, 200)]
    [InlineData("", "", true, 200)]
    [InlineData(null, null, false, 404)]
    [InlineData("https://example.com", null, true, 404)]
    public async Task An_OPTIONS_request_is_decided_by_its_origin(string? origin, string? method, bool allowOptions, int status)
    {
        await using var ingress = await Authorization.StartAsync(Mode.Embedded);
        var rule = new IngressRule { AllowOptions = allowOptions, Scopes = ScopeSet.Of("exec:admin") };
        var answer = await ingress.AuthorizeAsync(
            Authorization.Request(default(PresentedCredential), rule, preflight: new CorsPreflight(origin, method)));
        answer.Status.ShouldBe(status);
        ingress.Observed.ShouldBeEmpty();
        if (answer is AllowedAnswer allowed)
            Authorization.HeadersOf(allowed).ShouldBeEmpty();
    }
}
