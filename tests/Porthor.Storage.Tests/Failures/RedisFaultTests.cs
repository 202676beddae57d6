using System.Diagnostics;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Failures;

/// <summary>
/// Redis is killed, is restored from old data, or does not respond. A node never gives a wrong answer. The state of a token is valid,
/// invalid or unknown, and unknown is an error, not "invalid".
/// </summary>
public sealed partial class RedisFaultTests
{
    /// <summary>A call has a timeout of one second. This limit leaves room for a machine that is busy with other tests.</summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task A_deletion_that_redis_lost_is_repeated_before_the_record_is_read()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
        var node = await deployment.OpenNodeAsync();

        // Two tokens are saved to disk. Then one is revoked, which is not saved.
        var session = await node.Tokens.SessionForAsync("some-user");
        var kept = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("kept", ScopeSet.Empty, null));
        var revoked = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("revoked", ScopeSet.Empty, null));
        await using (var connection = await redis.ConnectAsync())
            await connection.GetDatabase().ExecuteAsync("SAVE");
        (await node.Tokens.DeleteTokenAsync(revoked.Key, session, "some-user")).ShouldBeTrue();

        // Redis crashes and starts with the saved data, which contains the record of the revoked token.
        await redis.KillAsync();
        await redis.RestartAsync();

        // From the first response on, one token is valid and the other is not.
        await RealServers.WaitUntilAsync(async () => (await node.Tokens.GetDataAsync(revoked)).ShouldBeNull(), "the record store");
        (await node.Tokens.GetDataAsync(kept)).ShouldNotBeNull();
        await using var after = await redis.ConnectAsync();
        (await after.GetDatabase(deployment.Settings.PersistentRedis!.Database).KeyExistsAsync($"token:{revoked.Key}")).ShouldBeFalse();
    }

    /// <summary>The token index has the reduced scopes. Without the repetition, the audit would restore the scopes of the record.</summary>
    [Fact]
    public async Task A_reduction_that_redis_lost_is_repeated()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
        var node = await deployment.OpenNodeAsync();
        var administrator = TokenBuilders.Administrator(node.Clock);
        var session = await node.Tokens.SessionForAsync("some-user", "read:all,read:some,user:token");
        var all = ScopeSet.Of("read:all", "read:some");
        var reduced = ScopeSet.Of("read:some");
        var token = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("reduced", all, null));
        var child = await node.Tokens.GetInternalTokenAsync(await node.Tokens.CallerAsync(token), "tap", all);
        var shortened = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("shortened", all, null));
        var renamed = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("renamed", all, null));
        await using (var connection = await redis.ConnectAsync())
            await connection.GetDatabase().ExecuteAsync("SAVE");
        var end = node.Clock.GetSecondsNow() + TimeSpan.FromDays(1);
        await node.Tokens.ModifyTokenAsync(token.Key, administrator, "some-user", new TokenEdit { Scopes = reduced });
        await node.Tokens.ModifyTokenAsync(shortened.Key, administrator, "some-user", new TokenEdit { Expires = end });
        await node.Tokens.ModifyTokenAsync(renamed.Key, administrator, "some-user", new TokenEdit { TokenName = "new name" });

        await redis.KillAsync();
        await redis.RestartAsync();

        // From the first response on, the reduction is in effect.
        TokenRecord? record = null;
        await RealServers.WaitUntilAsync(async () => record = await node.Tokens.GetDataAsync(token), "the record store");
        record!.Scopes.ShouldBe(reduced);
        (await node.Tokens.GetDataAsync(child))!.Scopes.ShouldBe(reduced);
        (await node.Tokens.GetDataAsync(shortened))!.Expires.ShouldBe(end);
        (await node.Tokens.GetDataAsync(renamed))!.Scopes.ShouldBe(all);
        await using var after = await redis.ConnectAsync();
        (await after.GetDatabase(deployment.Settings.PersistentRedis!.Database).KeyTimeToLiveAsync($"token:{shortened.Key}"))
            .ShouldNotBeNull();
    }

    [Fact]
    public async Task A_starting_node_repeats_the_deletions_of_the_last_hour()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
        var node = await deployment.OpenNodeAsync();
        var session = await node.Tokens.SessionForAsync("some-user");
        var revoked = session.Record.Token;

        // While no node is connected, the record is written again after the revocation, as a restore of a backup does.
        await using var connection = await redis.ConnectAsync();
        var records = connection.GetDatabase(deployment.Settings.PersistentRedis!.Database);
        var record = await records.StringGetAsync($"token:{revoked.Key}");
        await node.Tokens.DeleteTokenAsync(revoked.Key, session, "some-user");
        await node.DisposeAsync();
        await records.StringSetAsync($"token:{revoked.Key}", record);

        var second = await deployment.OpenNodeAsync();
        (await second.Tokens.GetDataAsync(revoked)).ShouldBeNull();
    }

    private static async Task ShouldBeUnavailableAsync(Func<Task> call)
    {
        var begun = Stopwatch.GetTimestamp();
        await Should.ThrowAsync<StoreUnavailableException>(call);
        Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(TimeLimit);
    }
}
