using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Porthor.Redis;
using Porthor.Secrets;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

/// <summary>
/// Forward authentication while a store is unavailable: the answer neither allows nor denies access (deviation 14, contract/ingress.md 8).
/// </summary>
public sealed class UnavailableStoreTests
{
    private static readonly (string, string)[] OriginalRequest = [("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET")];

    [Fact]
    public async Task The_answer_is_503_if_the_record_store_does_not_respond()
    {
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var server = await TestServer.StartAsync(Mode.Cluster, ownRedis: redis);
        var token = (await server.Tokens.SessionForAsync("patient")).Record.Token;
        (await AuthorizeAsync(server, TestServer.Bearer(token))).StatusCode.ShouldBe(200);

        // Redis does not respond: the record cannot be read, although it was read before.
        redis.Pause();
        var answer = await AuthorizeAsync(server, TestServer.Bearer(token));
        answer.StatusCode.ShouldBe(503, answer.Body);
        answer.Header("X-Error-Status").ShouldBe("503");
        answer.Header("X-Error-Body")!.ShouldContain("store_unavailable");
        answer.Header("Set-Cookie").ShouldBeNull();
        answer.Header("WWW-Authenticate").ShouldBeNull();
        answer.Header("X-Auth-Request-User").ShouldBeNull();

        // A request without credentials reads no record.
        (await AuthorizeAsync(server)).StatusCode.ShouldBe(401);

        // Redis is available again: the same token is allowed.
        redis.Resume();
        await RealServers.WaitUntilAsync(
            async () => (await AuthorizeAsync(server, TestServer.Bearer(token))).StatusCode.ShouldBe(200), "the token to be allowed again");
    }

    [Fact]
    public async Task Without_the_counter_a_request_is_allowed_and_not_counted()
    {
        await using var server = await TestServer.StartAsync(Mode.Cluster, settings => settings with
        {
            EphemeralRedis = new RedisOptions { Host = "127.0.0.1", Port = RealServers.FreePort() },
            Quota = new() { Default = new() { Api = new Dictionary<string, long> { ["test"] = 1, ["blocked"] = 0 } } },
        });
        var bearer = TestServer.Bearer((await server.Tokens.SessionForAsync("uncounted")).Record.Token);
        for (var i = 0; i < 3; i++)
        {
            var answer = await AuthorizeAsync(server, "?service=test", bearer);
            answer.StatusCode.ShouldBe(200, answer.Body);
            answer.Header("X-RateLimit-Limit").ShouldBeNull();
        }
        server.Logs.Lines.ShouldContain(line => line.GetProperty("event").GetString() == "Rate limiting failed");

        // A quota of zero needs no counter and still denies.
        (await AuthorizeAsync(server, "?service=blocked", bearer)).StatusCode.ShouldBe(403);
    }

    /// <summary>A counter that does not respond delays a request by a tenth of a second once in a while, but not every request.</summary>
    [Fact]
    public async Task A_counter_that_does_not_respond_does_not_slow_down_requests()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        var redis = await RealServers.Instance.RedisAsync();
        await using var wire = new FaultInjectingProxy(redis.Port);
        await using var server = await TestServer.StartAsync(Mode.Cluster, settings => settings with
        {
            EphemeralRedis = settings.EphemeralRedis! with { Port = wire.Port },
            Quota = new() { Default = new() { Api = new Dictionary<string, long> { ["test"] = 1000 } } },
        });
        var bearer = TestServer.Bearer((await server.Tokens.SessionForAsync("hurried")).Record.Token);
        (await AuthorizeAsync(server, "?service=test", bearer)).Header("X-RateLimit-Remaining").ShouldBe("999");

        wire.Stall();
        var begun = Stopwatch.GetTimestamp();
        for (var i = 0; i < 20; i++)
        {
            var answer = await AuthorizeAsync(server, "?service=test", bearer);
            answer.StatusCode.ShouldBe(200, answer.Body);
            answer.Header("X-RateLimit-Limit").ShouldBeNull();
        }
        // With a separate timeout for each request they would take more than a second.
        Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(TimeSpan.FromSeconds(0.6));

        wire.Resume();
        await RealServers.WaitUntilAsync(
            async () => (await AuthorizeAsync(server, "?service=test", bearer)).Header("X-RateLimit-Limit").ShouldBe("1000"), "counting");
    }

    /// <summary>
    /// A token that was presented before needs no SQL, and recording its usage can wait. Only new tokens must be looked up.
    /// </summary>
    [Fact]
    public async Task Known_tokens_are_allowed_while_the_token_index_does_not_respond()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        var postgres = await RealServers.Instance.PostgresAsync();
        await using var wire = new FaultInjectingProxy(postgres.Port);
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var server = await TestServer.StartAsync(
            Mode.Cluster,
            settings => settings with
            {
                AnswerTimeout = TimeSpan.FromMilliseconds(500),
                DatabaseConnection = new Secret(new NpgsqlConnectionStringBuilder(
                    settings.DatabaseConnection!.Reveal()) { Port = wire.Port }.ConnectionString),
            },
            clock);
        var session = await server.Tokens.SessionForAsync("steady", "user:token,read:all");
        var bearer = TestServer.Bearer(session.Record.Token);
        var child = (await AuthorizeAsync(server, "?delegate_to=tap&delegate_scope=read:all", bearer)).Header("X-Auth-Request-Token")
            .ShouldNotBeNull();
        await server.Core.Usage!.WriteAsync(TestContext.Current.CancellationToken);

        wire.Stall();
        clock.Advance(TimeSpan.FromMinutes(1));
        foreach (var (query, expected) in ((string, int)[])[
            ("?service=one", 200), ("?delegate_to=tap&delegate_scope=read:all", 200), ("?delegate_to=new", 503), ("?scope=read:all", 200)])
        {
            var answer = await AuthorizeAsync(server, query, bearer);
            answer.StatusCode.ShouldBe(expected, query);
            if (query.Contains("=tap", StringComparison.Ordinal))
                answer.Header("X-Auth-Request-Token").ShouldBe(child);
        }

        wire.Resume();
        // Calls that were stalled time out; then the buffered usage events are written.
        List<string?> services = [];
        await RealServers.WaitUntilAsync(
            async () =>
            {
                await server.Core.Usage.WriteAsync(TestContext.Current.CancellationToken);
                var events = await server.GetAsync($"/auth/api/v1/users/steady/tokens/{session.Record.Token.Key}/auth-history", bearer);
                services = [.. events.Json.EnumerateArray().Select(
                    use => use.TryGetProperty("service", out var name) ? name.GetString() : null)];
                services.ShouldContain("one");
            },
            "the usage events");
        // There is one event for the child token in the first minute, and one for each of the two allowed requests in the second minute.
        services.ShouldBe([null, "one", null]);
    }

    /// <summary>
    /// Redis is slow, does not respond, is disconnected, refuses connections, is killed, or is restarted with old data. Each time the
    /// answer is 503. Within a second after Redis is available, the answers are correct again.
    /// </summary>
    [Theory]
    [InlineData("slow")]
    [InlineData("silent")]
    [InlineData("cut and refused")]
    [InlineData("killed")]
    [InlineData("restarted")]
    public async Task Answers_are_correct_and_in_time_when_the_record_store_fails(string fault)
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var wire = new FaultInjectingProxy(redis.Port);
        await using var server = await TestServer.StartAsync(Mode.Cluster, ownRedis: redis, configure: settings => settings with
        {
            AnswerTimeout = TimeSpan.FromMilliseconds(500),
            PersistentRedis = settings.PersistentRedis! with { Port = wire.Port },
        });
        var valid = TestServer.Bearer((await server.Tokens.SessionForAsync("good")).Record.Token);
        var revoked = await server.Tokens.SessionForAsync("revoked");
        (await AuthorizeAsync(server, valid)).StatusCode.ShouldBe(200);
        (await AuthorizeAsync(server, TestServer.Bearer(revoked.Record.Token))).StatusCode.ShouldBe(200);
        if (fault == "restarted")
        {
            // The saved data are older than the revocation.
            await using var connection = await redis.ConnectAsync();
            await connection.GetDatabase().ExecuteAsync("SAVE");
        }
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
                wire.RefusesConnections = true;
                wire.ResetConnections();
                break;
            default:
                await redis.KillAsync();
                break;
        }
        for (var i = 0; i < 3; i++)
        {
            foreach (var credentials in ((string, string)[])[valid, TestServer.Bearer(revoked.Record.Token)])
            {
                var asked = Stopwatch.GetTimestamp();
                (await AuthorizeAsync(server, credentials)).StatusCode.ShouldBe(503);
                Stopwatch.GetElapsedTime(asked).ShouldBeLessThan(TimeSpan.FromSeconds(1));
            }
        }

        if (fault is "killed" or "restarted")
            await redis.RestartAsync();
        (wire.Delay, wire.RefusesConnections) = (TimeSpan.Zero, false);
        wire.Resume();
        var back = Stopwatch.GetTimestamp();
        // While Redis recovers, a revoked token is never allowed, and a valid token is never denied.
        HashSet<int> seenOfGood = [], seenOfRevoked = [];
        await RealServers.WaitUntilAsync(
            async () =>
            {
                seenOfRevoked.Add((await AuthorizeAsync(server, TestServer.Bearer(revoked.Record.Token))).StatusCode);
                seenOfGood.Add((await AuthorizeAsync(server, valid)).StatusCode);
                seenOfRevoked.ShouldContain(401);
                if (fault != "killed")
                    seenOfGood.ShouldContain(200);
            },
            "correct answers");
        Stopwatch.GetElapsedTime(back).ShouldBeLessThan(TimeSpan.FromSeconds(1));
        seenOfRevoked.ShouldNotContain(200);
        // A Redis server without saved data has lost the record; only the audit can report this.
        if (fault != "killed")
            seenOfGood.ShouldNotContain(401);
    }

    /// <summary>A child token that cannot be created in time gives 503. The presented token is not reported as invalid.</summary>
    [Fact]
    public async Task A_slow_token_index_affects_only_requests_that_need_a_child()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var server = await TestServer.StartAsync(
            Mode.Database, settings => settings with { AnswerTimeout = TimeSpan.FromMilliseconds(300) });
        var session = await server.Tokens.SessionForAsync("parent", "user:token,exec:notebook");
        var bearer = TestServer.Bearer(session.Record.Token);
        await using (var transaction = await server.Core.Sql.TokenIndex.BeginAsync(
            TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken))
        {
            await transaction.LockAsync(session.Record.Token.Key, TestContext.Current.CancellationToken);
            var held = await AuthorizeAsync(server, "?notebook=true&scope=user:token", bearer);
            held.StatusCode.ShouldBe(503, held.Body);
            held.Header("X-Error-Status").ShouldBe("503");
            held.Header("X-Auth-Request-User").ShouldBeNull();
            // Meanwhile a request without delegation is allowed.
            (await AuthorizeAsync(server, "?scope=user:token", bearer)).StatusCode.ShouldBe(200);
        }
        await RealServers.WaitUntilAsync(
            async () => (await AuthorizeAsync(server, "?notebook=true&scope=user:token", bearer)).Header("X-Auth-Request-Token")
                .ShouldNotBeNull(), "the child");
    }

    private static Task<Answer> AuthorizeAsync(TestServer server, params (string, string)[] headers) => AuthorizeAsync(server, "", headers);

    private static Task<Answer> AuthorizeAsync(TestServer server, string query, params (string, string)[] headers) =>
        server.GetAsync("/ingress/auth" + query, [.. OriginalRequest, .. headers]);
}
