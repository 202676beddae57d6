using Porthor.Redis;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

/// <summary>What a proxy hears when a store is away: neither yes nor no (contract/deviations.md 14, ingress.md 8).</summary>
public sealed class BrokenStoreTests
{
    private static readonly (string, string)[] Question = [("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET")];

    [Fact]
    public async Task While_the_vault_is_silent_nobody_passes_and_nobody_is_turned_away()
    {
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var server = await TestServer.StartAsync(Mode.Cluster, ownRedis: redis);
        var token = (await server.Tokens.SessionForAsync("patient")).Record.Token;
        (await AskAsync(server, TestServer.Bearer(token))).StatusCode.ShouldBe(200);

        // Silent: the record cannot be read, though it was seen before.
        redis.Pause();
        var answer = await AskAsync(server, TestServer.Bearer(token));
        answer.StatusCode.ShouldBe(503, answer.Body);
        answer.Header("X-Error-Status").ShouldBe("503");
        answer.Header("X-Error-Body")!.ShouldContain("store_unavailable");
        answer.Header("Set-Cookie").ShouldBeNull();
        answer.Header("WWW-Authenticate").ShouldBeNull();
        answer.Header("X-Auth-Request-User").ShouldBeNull();

        // Without credentials nothing has to be read.
        (await AskAsync(server)).StatusCode.ShouldBe(401);

        // Back: the same token passes again.
        redis.Resume();
        await RealServers.UntilAsync(
            async () => (await AskAsync(server, TestServer.Bearer(token))).StatusCode.ShouldBe(200), "the token to pass again");
    }

    [Fact]
    public async Task Without_its_counter_a_request_goes_on_uncounted()
    {
        await using var server = await TestServer.StartAsync(Mode.Cluster, settings => settings with
        {
            EphemeralRedis = new RedisOptions { Host = "127.0.0.1", Port = RealServers.FreePort() },
            Quota = new() { Default = new() { Api = new Dictionary<string, long> { ["test"] = 1, ["blocked"] = 0 } } },
        });
        var bearer = TestServer.Bearer((await server.Tokens.SessionForAsync("uncounted")).Record.Token);
        for (var i = 0; i < 3; i++)
        {
            var answer = await AskAsync(server, "?service=test", bearer);
            answer.StatusCode.ShouldBe(200, answer.Body);
            answer.Header("X-RateLimit-Limit").ShouldBeNull();
        }
        server.Logs.Lines.Count(line => line.GetProperty("event").GetString() == "Rate limiting failed").ShouldBe(3);

        // What needs no counting is still refused.
        (await AskAsync(server, "?service=blocked", bearer)).StatusCode.ShouldBe(403);
    }

    private static Task<Answer> AskAsync(TestServer server, params (string, string)[] headers) => AskAsync(server, "", headers);

    private static Task<Answer> AskAsync(TestServer server, string query, params (string, string)[] headers) =>
        server.GetAsync("/ingress/auth" + query, [.. Question, .. headers]);
}
