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

    /// <summary>Slower than an answer may take, silent, cut off, refused, killed: each time 503 and, afterwards, right answers.</summary>
    [Theory]
    [InlineData("slow")]
    [InlineData("silent")]
    [InlineData("cut and refused")]
    [InlineData("killed")]
    public async Task Whatever_ails_the_vault_no_answer_is_wrong_and_none_is_late(string fault)
    {
        Assert.SkipWhen(Prerequisites.WhyNot(Mode.Cluster) is not null, Prerequisites.WhyNot(Mode.Cluster) ?? "");
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var wire = new FaultyWire(redis.Port);
        await using var server = await TestServer.StartAsync(Mode.Cluster, ownRedis: redis, configure: settings => settings with
        {
            AnswerTimeout = TimeSpan.FromMilliseconds(500),
            PersistentRedis = settings.PersistentRedis! with { Port = wire.Port },
        });
        var good = TestServer.Bearer((await server.Tokens.SessionForAsync("good")).Record.Token);
        var revoked = await server.Tokens.SessionForAsync("revoked");
        (await AskAsync(server, good)).StatusCode.ShouldBe(200);
        (await AskAsync(server, TestServer.Bearer(revoked.Record.Token))).StatusCode.ShouldBe(200);
        await server.Tokens.DeleteTokenAsync(revoked.Record.Token.Key, revoked, "revoked");

        switch (fault)
        {
            case "slow":
                wire.Delay = TimeSpan.FromSeconds(2);
                break;
            case "silent":
                wire.Stall();
                break;
            case "cut and refused":
                wire.Refuses = true;
                wire.Cut();
                break;
            default:
                await redis.KillAsync();
                break;
        }
        for (var i = 0; i < 3; i++)
        {
            (await AskAsync(server, good)).StatusCode.ShouldBe(503);
            (await AskAsync(server, TestServer.Bearer(revoked.Record.Token))).StatusCode.ShouldBe(503);
        }

        (wire.Delay, wire.Refuses) = (TimeSpan.Zero, false);
        wire.Flow();
        if (fault == "killed")
            await redis.RestartAsync();
        // Whoever was refused for good before is never let through, and nobody else is refused, while it comes back.
        HashSet<int> seenOfGood = [], seenOfRevoked = [];
        await RealServers.UntilAsync(
            async () =>
            {
                seenOfRevoked.Add((await AskAsync(server, TestServer.Bearer(revoked.Record.Token))).StatusCode);
                seenOfGood.Add((await AskAsync(server, good)).StatusCode);
                seenOfRevoked.ShouldContain(401);
                if (fault != "killed")
                    seenOfGood.ShouldContain(200);
            },
            "right answers");
        seenOfRevoked.ShouldNotContain(200);
        // A Redis that keeps nothing on disk has lost the record, which only the audit can tell.
        if (fault != "killed")
            seenOfGood.ShouldNotContain(401);
    }

    /// <summary>A child that cannot be made in time is not waited for; nothing is said against the token.</summary>
    [Fact]
    public async Task A_ledger_that_holds_up_a_child_costs_its_own_time_only()
    {
        Assert.SkipWhen(Prerequisites.WhyNot(Mode.Database) is not null, Prerequisites.WhyNot(Mode.Database) ?? "");
        await using var server = await TestServer.StartAsync(
            Mode.Database, settings => settings with { AnswerTimeout = TimeSpan.FromMilliseconds(300) });
        var session = await server.Tokens.SessionForAsync("parent", "user:token,exec:notebook");
        var bearer = TestServer.Bearer(session.Record.Token);
        await using (var transaction = await server.Core.Sql.Ledger.BeginAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken))
        {
            await transaction.LockAsync(session.Record.Token.Key, TestContext.Current.CancellationToken);
            var held = await AskAsync(server, "?notebook=true&scope=user:token", bearer);
            held.StatusCode.ShouldBe(503, held.Body);
            held.Header("X-Error-Status").ShouldBe("503");
            held.Header("X-Auth-Request-User").ShouldBeNull();
            // Without a child it passes meanwhile.
            (await AskAsync(server, "?scope=user:token", bearer)).StatusCode.ShouldBe(200);
        }
        await RealServers.UntilAsync(
            async () => (await AskAsync(server, "?notebook=true&scope=user:token", bearer)).Header("X-Auth-Request-Token").ShouldNotBeNull(), "the child");
    }

    private static Task<Answer> AskAsync(TestServer server, params (string, string)[] headers) => AskAsync(server, "", headers);

    private static Task<Answer> AskAsync(TestServer server, string query, params (string, string)[] headers) =>
        server.GetAsync("/ingress/auth" + query, [.. Question, .. headers]);
}
