using Porthor.Redis;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Redis;

/// <summary>
/// Redis with Sentinel, and Redis Cluster. When a primary fails, token states are unknown until a replica was promoted. A token whose
/// revocation was acknowledged by a node is never valid on any node.
/// </summary>
public sealed partial class RedisFailoverTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_operations_work_in_a_cluster()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var site = await RedisClusterSite.StartAsync();
        await using var deployment = await DeployAsync(site.Options);
        var node = await deployment.OpenNodeAsync();
        var session = await node.Tokens.SessionForAsync("some-user", "read:all,user:token");
        List<Token> tokens = [];
        for (var number = 0; number < 20; number++)
            tokens.Add(await node.Tokens.CreateUserTokenAsync(
                session, "some-user", new UserTokenRequest($"token {number}", ScopeSet.Of("read:all"), null)));
        var child = await node.Tokens.GetInternalTokenAsync(await node.Tokens.CallerAsync(tokens[0]), "tap", ScopeSet.Of("read:all"));
        await node.Tokens.ModifyTokenAsync(
            tokens[1].Key, TokenBuilders.Administrator(node.Clock), "some-user", new TokenEdit { Scopes = ScopeSet.Empty });
        (await node.Tokens.GetDataAsync(tokens[1]))!.Scopes.ShouldBe(ScopeSet.Empty);
        await node.Tokens.DeleteTokenAsync(tokens[0].Key, session, "some-user");
        (await node.Tokens.GetDataAsync(tokens[0])).ShouldBeNull();
        (await node.Tokens.GetDataAsync(child)).ShouldBeNull();
        foreach (var token in tokens[1..])
            (await node.Tokens.GetDataAsync(token)).ShouldNotBeNull();
        (await node.Audit.RunAsync(fix: false).ToListAsync()).ShouldBeEmpty();
        foreach (var user in (string[])["one", "two", "three", "four"])
            await RealServers.WaitUntilAsync(
                () => node.RateCounter.CountAsync(new RateKey(user, "service", 10), Cancellation), "the counter");
        (await node.Maintenance.DeleteAllTokensAsync(Cancellation)).ShouldBe(20);
        (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldBeNull();
    }

    [Fact]
    public async Task A_primary_of_a_cluster_fails_under_load()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var site = await RedisClusterSite.StartAsync();
        await using var deployment = await DeployAsync(site.Options);
        await using var load = await Load.BeginAsync(deployment);
        await (await site.OwnerOfAsync($"token:{load.Session.Record.Token.Key}")).KillAsync();
        await load.EndAsync();
    }

    [Fact]
    public async Task The_primary_that_Sentinel_monitors_fails_under_load()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var site = await RedisSentinelSite.StartAsync();
        await using var deployment = await DeployAsync(site.Options);
        await using var load = await Load.BeginAsync(deployment);
        await site.Servers[0].KillAsync();
        await load.EndAsync();
    }

    /// <summary>Both servers run, and the old primary keeps its connections until Sentinel makes it a replica.</summary>
    [Fact]
    public async Task Sentinel_changes_the_primary_under_load()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var site = await RedisSentinelSite.StartAsync();
        await using var deployment = await DeployAsync(site.Options);
        await using var load = await Load.BeginAsync(deployment);
        await site.Sentinels[0].SendAsync("SENTINEL", "FAILOVER", "main");
        await RealServers.WaitUntilAsync(
            async () => (await site.Servers[0].SendAsync("INFO", "replication")).ShouldContain("role:slave"), "the failover");
        await load.EndAsync();
    }

    /// <summary>
    /// A node that reaches only one Sentinel server without a quorum can be in a network partition with a former primary.
    /// </summary>
    [Fact]
    public async Task Without_a_Sentinel_quorum_all_token_states_are_unknown()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var site = await RedisSentinelSite.StartAsync();
        await using var deployment = await DeployAsync(site.Options);
        var node = await deployment.OpenNodeAsync();
        await site.Sentinels[0].KillAsync();
        var session = await node.Tokens.SessionForAsync("some-user");
        (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull();
        await site.Sentinels[1].KillAsync();
        await RealServers.WaitUntilAsync(
            async () => (await Should.ThrowAsync<StoreUnavailableException>(() => node.RecordStore.CheckAsync(Cancellation)))
                .What.ShouldContain("Sentinel"), "the refusal");
        await site.Sentinels[1].RestartAsync();
        await RealServers.WaitUntilAsync(() => node.RecordStore.CheckAsync(Cancellation), "the record store");
    }

    private static async Task<Deployment> DeployAsync(Func<RedisOptions, RedisOptions> change)
    {
        var deployment = await Deployment.CreateAsync(Mode.Cluster);
        deployment.Settings = deployment.Settings with
        {
            PersistentRedis = change(deployment.Settings.PersistentRedis!),
            EphemeralRedis = change(deployment.Settings.EphemeralRedis!),
        };
        return deployment;
    }
}
