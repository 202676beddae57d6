using Porthor.Server.Configuration;
using Porthor.Server.Ingress;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

/// <summary>
/// A mistyped rule protects less than its author intends. It is logged, and rejected if this is configured (deviations 42).
/// </summary>
public sealed class RuleWarningTests(IngressServers servers, RuleWarningTests.StrictRuleServers strict)
    : IClassFixture<IngressServers>, IClassFixture<RuleWarningTests.StrictRuleServers>
{
    private const string NoScope = "The rule requires no scope: every valid token is accepted. Add scope=NAME.";

    public sealed class StrictRuleServers : IngressServers
    {
        internal override PorthorSettings Configure(PorthorSettings settings) => base.Configure(settings) with { StrictRules = true };
    }

    public static TheoryData<string, string[]> Mistakes => new()
    {
        { "?scopes=admin:token", ["The parameter scopes is unknown and has no effect. Did you mean scope?", NoScope] },
        { "?scop=read:all", ["The parameter scop is unknown and has no effect. Did you mean scope?", NoScope] },
        { "?Scope=read:all", ["The parameter Scope is unknown and has no effect. Did you mean scope?", NoScope] },
        { "?user=bob&scope=read:all", ["The parameter user is unknown and has no effect. Did you mean username?"] },
        { "?onlyService=a&scope=read:all", ["The parameter onlyService is unknown and has no effect. Did you mean only_service?"] },
        { "?required_scope=read:all", ["The parameter required_scope is unknown and has no effect. Did you mean scope?", NoScope] },
        { "?zzz=1&zzz=2&scope=read:all", ["The parameter zzz is unknown and has no effect."] },
        { "?satisfy=all&amp;scope=read:all",
            ["The parameter amp;scope is unknown and has no effect. The rule contains &amp; in place of &: write &scope=.", NoScope] },
        { "?scope=&service=x", ["The rule requires a scope with an empty name, which no token has. Write scope=NAME."] },
        { "?scope=read:all,exec:admin",
            ["The rule requires the scope read:all,exec:admin, which no token has. Write one parameter for each name: "
                + "scope=read:all&scope=exec:admin."] },
        { "?scope=read:all+exec:admin",
            ["The rule requires the scope read:all exec:admin, which no token has. Write one parameter for each name: "
                + "scope=read:all&scope=exec:admin."] },
        { "?scope=%20read:all", ["The rule requires the scope  read:all, which no token has. Remove the separator: scope=read:all."] },
        { "?scope=read:all,", ["The rule requires the scope read:all,, which no token has. Remove the separator: scope=read:all."] },
        { "?scope=read:al",
            ["The rule requires the scope read:al, which no token has. knownScopes does not contain it. Did you mean read:all?"] },
        { "?scope=no:such:scope", ["The rule requires the scope no:such:scope, which no token has. knownScopes does not contain it."] },
        { "?scope=read:all&only_service=",
            ["only_service has an empty name, which no service has. Write only_service=NAME, or remove the parameter."] },
        { "?scope=read:all&only_service=a,b",
            ["only_service names a,b. Write one parameter for each name: only_service=a&only_service=b."] },
        { "?scope=read:all&delegate_to=tap&delegate_scope=read:all,x",
            ["delegate_scope names read:all,x, which has no effect. Write one parameter for each name: "
                + "delegate_scope=read:all&delegate_scope=x."] },
        { "?scope=read:all&username=", ["The parameter username is empty and has no effect. Write username=NAME, or remove it."] },
        { "?scope=read:all&username=Bob", ["The rule requires the user Bob, and no user can have this name."] },
        { "?scope=read:all&username=bob&username=eve",
            ["The parameter username is given more than once; only the last one has an effect."] },
        { "?username=bob", [NoScope] },
        { "?", [NoScope] },
    };

    [Theory, MemberData(nameof(Mistakes))]
    public async Task Each_mistake_is_logged_once(string query, string[] expected)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var bearer = TestServer.Bearer((await server.LogInAsync("ruled", "read:all")).Session);
        var lineCount = server.CountLines();
        for (var i = 0; i < 3; i++)
        {
            (await server.AuthorizeAsync(query, bearer)).StatusCode.ShouldBeOneOf(200, 403);
            await server.AuthorizeAsync(query);
        }
        var lines = server.LinesSince(lineCount, "Questionable authorization rule");
        lines.Select(line => line.GetProperty("error").GetString()).ShouldBe(expected);
        lines.ShouldAllBe(line => line.GetProperty("severity").GetString() == "warning");
    }

    [Theory, MemberData(nameof(Mistakes))]
    public async Task With_strict_rules_a_mistake_is_an_error(string query, string[] expected)
    {
        var server = await strict.GetAsync(Mode.Embedded);
        var bearer = TestServer.Bearer((await server.LogInAsync("strictly-ruled", "read:all")).Session);
        for (var i = 0; i < 2; i++)
        {
            var answer = await server.AuthorizeAsync(query, bearer);
            answer.StatusCode.ShouldBe(422);
            answer.Json.GetProperty("detail").EnumerateArray().Select(error => error.GetProperty("msg").GetString()).ShouldBe(expected);
        }
        // No request is allowed without credentials or with a weaker rule.
        (await server.AuthorizeAsync(query)).ShouldBeChallengedWithoutError();
        (await server.AuthorizeAsync(query, "https://example.com/", "OPTIONS")).StatusCode.ShouldBe(422);
    }

    [Fact]
    public async Task A_rule_without_mistakes_is_not_reported()
    {
        var server = await strict.GetAsync(Mode.Embedded);
        var bearer = TestServer.Bearer((await server.LogInAsync("well-ruled", "read:all")).Session);
        var lineCount = server.CountLines();
        (await server.AuthorizeAsync(
            "?scope=read:all&satisfy=all&auth_type=bearer&allow_cookies=true&allow_options=false&notebook=false"
            + "&delegate_to=tap&service=tap&delegate_scope=read:all&minimum_lifetime=300&use_authorization=false"
            + "&username=well-ruled&user_domain=false", bearer)).StatusCode.ShouldBe(200);
        (await server.AuthorizeAsync("?scope=read:all&only_service=x", bearer)).StatusCode.ShouldBe(403);
        server.LinesSince(lineCount, "Questionable authorization rule").ShouldBeEmpty();
    }

    [Fact]
    public async Task An_anonymous_location_with_parameters_is_reported()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var lineCount = server.CountLines();
        for (var i = 0; i < 2; i++)
            (await server.SendAsync(HttpMethod.Get, "/ingress/anonymous?scope=exec:admin")).ShouldBeAllowed();
        server.LinesSince(lineCount, "Questionable authorization rule").ShouldHaveSingleItem().GetProperty("error").GetString()
            .ShouldBe("/ingress/anonymous ignores all parameters and allows every request. Use /ingress/auth to require a scope.");
        (await (await strict.GetAsync(Mode.Embedded)).SendAsync(
            HttpMethod.Get, "/ingress/anonymous?scope=exec:admin")).StatusCode.ShouldBe(422);
    }

    /// <summary>A client that can reach the route must not be able to fill the log or the memory.</summary>
    [Fact]
    public async Task The_number_of_reported_rules_is_limited()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded);
        for (var i = 0; i < RuleLog.MaxRules + 20; i++)
            await server.GetAsync(
                $"/ingress/auth?x{i}=1&scope=read:all", ("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"));
        var many = string.Concat(Enumerable.Range(0, 500).Select(i => $"&y{i}=1"));
        await server.GetAsync(
            $"/ingress/auth?scope=read:all{many}", ("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"));
        server.Logs.Lines.Count(line => line.GetProperty("event").GetString() == "Questionable authorization rule")
            .ShouldBe(RuleLog.MaxRules);
    }
}
