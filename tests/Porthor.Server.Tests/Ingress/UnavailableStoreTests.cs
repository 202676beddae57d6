using System.Diagnostics;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

/// <summary>
/// Forward authentication while a store is unavailable: the answer neither allows nor denies access (deviation 14, contract/ingress.md 8).
/// </summary>
public sealed partial class UnavailableStoreTests
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

    private static Task<Answer> AuthorizeAsync(TestServer server, params (string, string)[] headers) => AuthorizeAsync(server, "", headers);

    private static Task<Answer> AuthorizeAsync(TestServer server, string query, params (string, string)[] headers) =>
        server.GetAsync("/ingress/auth" + query, [.. OriginalRequest, .. headers]);
}
