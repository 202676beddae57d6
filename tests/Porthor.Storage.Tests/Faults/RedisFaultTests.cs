using System.Diagnostics;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Faults;

/// <summary>
/// Redis is killed, comes back with old data, or stands still. A node never answers wrongly meanwhile: a token is known to
/// be valid, known not to be, or not known, which is an error and no "no".
/// </summary>
public sealed class RedisFaultTests
{
    /// <summary>A call is bounded by a second; this leaves room for a machine that is busy with other tests.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task A_deletion_that_redis_forgot_is_made_again_before_it_is_read()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
        var node = await deployment.OpenNodeAsync();

        // Two tokens are saved to disk; then one is revoked, which is not.
        var session = await node.Tokens.SessionForAsync("some-user");
        var kept = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("kept", ScopeSet.Empty, null));
        var revoked = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("revoked", ScopeSet.Empty, null));
        await using (var connection = await redis.ConnectAsync())
            await connection.GetDatabase().ExecuteAsync("SAVE");
        (await node.Tokens.DeleteTokenAsync(revoked.Key, session, "some-user")).ShouldBeTrue();

        // Redis crashes and comes back with what was saved, the revoked token's record with it.
        await redis.KillAsync();
        await redis.RestartAsync();

        // From the first answer on, the one is valid and the other is not.
        await RealServers.UntilAsync(async () => (await node.Tokens.GetDataAsync(revoked)).ShouldBeNull(), "the record store");
        (await node.Tokens.GetDataAsync(kept)).ShouldNotBeNull();
        await using var after = await redis.ConnectAsync();
        (await after.GetDatabase(deployment.Settings.PersistentRedis!.Database).KeyExistsAsync($"token:{revoked.Key}")).ShouldBeFalse();
    }

    /// <summary>The token index knows it, and the audit would take the record's word against it.</summary>
    [Fact]
    public async Task What_was_narrowed_is_narrowed_again_when_redis_forgot_it()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
        var node = await deployment.OpenNodeAsync();
        var administrator = TokenBuilders.Administrator(node.Clock);
        var session = await node.Tokens.SessionForAsync("some-user", "read:all,read:some,user:token");
        var wide = ScopeSet.Of("read:all", "read:some");
        var narrow = ScopeSet.Of("read:some");
        var token = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("narrowed", wide, null));
        var child = await node.Tokens.GetInternalTokenAsync(await node.Tokens.CallerAsync(token), "tap", wide);
        var shortened = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("shortened", wide, null));
        var renamed = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("renamed", wide, null));
        await using (var connection = await redis.ConnectAsync())
            await connection.GetDatabase().ExecuteAsync("SAVE");
        var end = node.Clock.GetSecondsNow() + TimeSpan.FromDays(1);
        await node.Tokens.ModifyTokenAsync(token.Key, administrator, "some-user", new TokenEdit { Scopes = narrow });
        await node.Tokens.ModifyTokenAsync(shortened.Key, administrator, "some-user", new TokenEdit { Expires = end });
        await node.Tokens.ModifyTokenAsync(renamed.Key, administrator, "some-user", new TokenEdit { TokenName = "new name" });

        await redis.KillAsync();
        await redis.RestartAsync();

        // From the first answer on.
        TokenRecord? record = null;
        await RealServers.UntilAsync(async () => record = await node.Tokens.GetDataAsync(token), "the record store");
        record!.Scopes.ShouldBe(narrow);
        (await node.Tokens.GetDataAsync(child))!.Scopes.ShouldBe(narrow);
        (await node.Tokens.GetDataAsync(shortened))!.Expires.ShouldBe(end);
        (await node.Tokens.GetDataAsync(renamed))!.Scopes.ShouldBe(wide);
        await using var after = await redis.ConnectAsync();
        (await after.GetDatabase(deployment.Settings.PersistentRedis!.Database).KeyTimeToLiveAsync($"token:{shortened.Key}")).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_node_that_starts_makes_the_last_hours_deletions_again()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
        var node = await deployment.OpenNodeAsync();
        var session = await node.Tokens.SessionForAsync("some-user");
        var revoked = session.Record.Token;

        // The record comes back by itself after the revocation, as from a backup, while no node is connected.
        await using var connection = await redis.ConnectAsync();
        var records = connection.GetDatabase(deployment.Settings.PersistentRedis!.Database);
        var record = await records.StringGetAsync($"token:{revoked.Key}");
        await node.Tokens.DeleteTokenAsync(revoked.Key, session, "some-user");
        await node.DisposeAsync();
        await records.StringSetAsync($"token:{revoked.Key}", record);

        var second = await deployment.OpenNodeAsync();
        (await second.Tokens.GetDataAsync(revoked)).ShouldBeNull();
    }

    [Fact]
    public async Task A_token_cannot_be_judged_while_redis_is_away_and_can_when_it_is_back()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
        var node = await deployment.OpenNodeAsync();
        var session = await node.Tokens.SessionForAsync("some-user");
        await using (var connection = await redis.ConnectAsync())
            await connection.GetDatabase().ExecuteAsync("SAVE");

        await redis.KillAsync();
        await IsUnavailableAsync(() => node.Tokens.GetDataAsync(session.Record.Token).AsTask());
        await IsUnavailableAsync(() => node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("new", ScopeSet.Empty, null)));
        await IsUnavailableAsync(() => node.Tokens.DeleteTokenAsync(session.Record.Token.Key, session, "some-user"));

        await redis.RestartAsync();
        await RealServers.UntilAsync(async () => (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull(), "the record store");
        (await node.Tokens.ListTokensAsync(session, "some-user")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_was_given_up_while_redis_stood_still_does_no_harm_when_it_goes_on()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
        var node = await deployment.OpenNodeAsync();
        var administrator = TokenBuilders.Administrator(node.Clock);
        var session = await node.Tokens.SessionForAsync("some-user", "read:all,user:token");
        var token = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("edited", ScopeSet.Of("read:all"), null));

        // A creation and a narrowing are given up while Redis stands still; their commands still lie in its socket.
        redis.Pause();
        await IsUnavailableAsync(() => node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("new", ScopeSet.Empty, null)));
        await IsUnavailableAsync(() => node.Tokens.ModifyTokenAsync(token.Key, administrator, "some-user", new TokenEdit { Scopes = ScopeSet.Empty }));
        redis.Resume();

        // When it goes on, nothing that works is unlisted, and no record allows more than its row.
        await RealServers.UntilAsync(async () => (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull(), "the record store");
        (await node.Tokens.ListTokensAsync(session, "some-user")).Select(t => t.TokenName).ShouldBe([null, "edited"], ignoreOrder: true);
        var record = await node.Tokens.GetDataAsync(token);
        record!.Scopes.IsSubsetOf((await node.Tokens.GetTokenInfoUncheckedAsync(token.Key))!.Scopes).ShouldBeTrue();

        // The same can be asked again, and the audit agrees in the end.
        await node.Tokens.ModifyTokenAsync(token.Key, administrator, "some-user", new TokenEdit { Scopes = ScopeSet.Empty });
        (await node.Tokens.GetDataAsync(token))!.Scopes.ShouldBe(ScopeSet.Empty);
        await node.Audit.RunAsync(fix: true).ToListAsync();
        (await node.Audit.RunAsync(fix: false).ToListAsync()).ShouldBeEmpty();
    }

    private static async Task IsUnavailableAsync(Func<Task> call)
    {
        var begun = Stopwatch.GetTimestamp();
        await Should.ThrowAsync<StoreUnavailableException>(call);
        Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(Bound);
    }
}
