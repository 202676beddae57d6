using Npgsql;
using Porthor.Quotas;
using Porthor.Server.Configuration;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Ingress;

/// <summary>
/// The store requests of forward authentication in cluster mode for a token that was presented before: one round trip to Redis and none to
/// the database (docs/decisions/0009-one-round-trip.md).
/// </summary>
public sealed class RoundTripTests
{
    private static readonly (string, string)[] OriginalRequest = [("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET")];

    [Theory]
    [InlineData("?service=tap&delegate_to=tap&delegate_scope=read:all")]
    [InlineData("?notebook=true")]
    public async Task The_token_its_child_and_its_counter_are_requested_concurrently(string query)
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var records = new FaultInjectingProxy(redis.Port);
        await using var counts = new FaultInjectingProxy(redis.Port);
        await using var server = await TestServer.StartAsync(Mode.Cluster, ownRedis: redis, configure: settings => WithQuotas(settings) with
        {
            PersistentRedis = settings.PersistentRedis! with { Port = records.Port },
            EphemeralRedis = settings.EphemeralRedis! with { Port = counts.Port },
        });
        var session = await server.Tokens.SessionForAsync("frequent", "read:all,exec:notebook,user:token");
        var first = await AuthorizeAsync(server, query, session.Record.Token);
        first.StatusCode.ShouldBe(200, first.Body);
        var child = first.Header("X-Auth-Request-Token")!;

        records.Stall();
        counts.Stall();
        records.ClearSentData();
        counts.ClearSentData();
        var request = AuthorizeAsync(server, query, session.Record.Token);
        await RealServers.WaitUntilAsync(
            () =>
            {
                records.SentData.ShouldContain($"token:{session.Record.Token.Key}");
                records.SentData.ShouldContain($"token:{Token.Parse(child).Key}");
                if (query.Contains("service", StringComparison.Ordinal))
                    counts.SentData.ShouldContain("LIMITS:LIMITER/api/frequent/tap/");
                return Task.CompletedTask;
            },
            "all store requests of a request");
        request.IsCompleted.ShouldBeFalse();
        counts.Resume();
        records.Resume();
        var second = await request;
        second.StatusCode.ShouldBe(200, second.Body);
        second.Header("X-Auth-Request-Token").ShouldBe(child);
    }

    /// <summary>The tables are locked, so any query would wait and fail.</summary>
    [Fact]
    public async Task The_database_is_not_queried_again_for_a_token_or_its_child()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var server = await TestServer.StartAsync(Mode.Cluster, WithQuotas);
        var session = await server.Tokens.SessionForAsync("frequent", "read:all,exec:notebook,user:token");
        string[] queries = ["?service=tap", "?delegate_to=tap&delegate_scope=read:all", "?notebook=true"];
        foreach (var query in queries)
            (await AuthorizeAsync(server, query, session.Record.Token)).StatusCode.ShouldBe(200);

        var postgres = await RealServers.Instance.PostgresAsync();
        await using var connection = new NpgsqlConnection(postgres.ConnectionString(server.Deployment.DatabaseName!) + ";Pooling=false");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var locking = new NpgsqlCommand(
            "LOCK TABLE token, subtoken, token_change_history, porthor_revocation IN ACCESS EXCLUSIVE MODE", connection);
        await locking.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        foreach (var query in queries)
            (await AuthorizeAsync(server, query, session.Record.Token)).StatusCode.ShouldBe(200, query);

        // For comparison: a child that was not requested before needs the token index.
        (await AuthorizeAsync(server, "?delegate_to=other", session.Record.Token)).StatusCode.ShouldBe(503);
    }

    private static PorthorSettings WithQuotas(PorthorSettings settings) => settings with
    {
        Quota = new QuotaPlan { Default = new Quota { Api = new Dictionary<string, long> { ["tap"] = 1000 } } },
    };

    private static Task<Answer> AuthorizeAsync(TestServer server, string query, Token token) =>
        server.GetAsync("/ingress/auth" + query, [.. OriginalRequest, TestServer.Bearer(token)]);
}
