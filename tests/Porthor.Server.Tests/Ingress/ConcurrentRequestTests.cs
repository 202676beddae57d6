using Porthor.Server.Configuration;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Ingress;

/// <summary>Many concurrent first requests of one user (contract/tokens.md 8, ingress.md 16).</summary>
public sealed class ConcurrentRequestTests
{
    private static readonly (string, string)[] OriginalRequest = [("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET")];

    [Theory, EveryMode]
    public async Task A_thousand_concurrent_first_requests_create_one_child_and_are_allowed(Mode mode)
    {
        await using var server = await TestServer.StartAsync(mode, ExtendTimeouts);
        var session = await server.Tokens.SessionForAsync("crowd", "read:all,exec:notebook,user:token");
        var answers = await AuthorizeAllAsync([server], session.Record.Token, 1000);
        answers.ShouldAllBe(answer => answer.StatusCode == 200);
        var child = answers.Select(answer => answer.Header("X-Auth-Request-Token")).Distinct().ShouldHaveSingleItem();
        child.ShouldNotBeNull();
        (await ChildrenAsync(server, session)).ShouldBe([Token.Parse(child).Key]);
    }

    /// <summary>Each node creates at most one child, and both nodes accept both children.</summary>
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task Two_concurrent_nodes_create_at_most_two_children_and_both_work(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var one = await TestServer.StartAsync(deployment, ExtendTimeouts);
        await using var other = await TestServer.StartAsync(deployment, ExtendTimeouts);
        for (var round = 0; round < 5; round++)
        {
            var session = await one.Tokens.SessionForAsync($"racer{round}", "read:all,exec:notebook,user:token");
            var answers = await AuthorizeAllAsync([one, other], session.Record.Token, 100);
            answers.ShouldAllBe(answer => answer.StatusCode == 200);
            var children = answers.Select(answer => Token.Parse(answer.Header("X-Auth-Request-Token")!)).Distinct().ToList();
            children.Count.ShouldBeInRange(1, 2);
            (await ChildrenAsync(one, session)).ShouldBe(children.Select(child => child.Key), ignoreOrder: true);
            foreach (var child in children)
            {
                foreach (var server in (TestServer[])[one, other])
                    (await AuthorizeAsync(server, "", child)).StatusCode.ShouldBe(200);
            }
        }
    }

    /// <summary>Many requests on a busy machine can take longer than the default timeout.</summary>
    private static PorthorSettings ExtendTimeouts(PorthorSettings settings) => settings.WithLongTimeouts();

    private static async Task<Answer[]> AuthorizeAllAsync(TestServer[] servers, Token token, int count) =>
        await Task.WhenAll(Enumerable.Range(0, count).Select(
            i => AuthorizeAsync(servers[i % servers.Length], "?delegate_to=tap&delegate_scope=read:all", token)));

    private static Task<Answer> AuthorizeAsync(TestServer server, string query, Token token) =>
        server.GetAsync("/ingress/auth" + query, [.. OriginalRequest, TestServer.Bearer(token)]);

    private static async Task<List<TokenKey>> ChildrenAsync(TestServer server, Caller session) =>
        [.. (await server.Tokens.ListTokensAsync(session, session.Username)).Where(
            token => token.TokenType == TokenType.Internal).Select(token => token.Token)];
}
