using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Failures;

public sealed partial class RedisFaultTests
{
    [Fact]
    public async Task A_tokens_state_is_unknown_while_redis_is_unavailable()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
        var node = await deployment.OpenNodeAsync();
        var session = await node.Tokens.SessionForAsync("some-user");
        await using (var connection = await redis.ConnectAsync())
            await connection.GetDatabase().ExecuteAsync("SAVE");

        await redis.KillAsync();
        await ShouldBeUnavailableAsync(() => node.Tokens.GetDataAsync(session.Record.Token).AsTask());
        await ShouldBeUnavailableAsync(
            () => node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("new", ScopeSet.Empty, null)));
        await ShouldBeUnavailableAsync(() => node.Tokens.DeleteTokenAsync(session.Record.Token.Key, session, "some-user"));

        await redis.RestartAsync();
        await RealServers.WaitUntilAsync(
            async () => (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull(), "the record store");
        (await node.Tokens.ListTokensAsync(session, "some-user")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Commands_that_timed_out_while_redis_was_suspended_cause_no_wrong_state_later()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
        var node = await deployment.OpenNodeAsync();
        var administrator = TokenBuilders.Administrator(node.Clock);
        var session = await node.Tokens.SessionForAsync("some-user", "read:all,user:token");
        var token = await node.Tokens.CreateUserTokenAsync(
            session, "some-user", new UserTokenRequest("edited", ScopeSet.Of("read:all"), null));

        // A creation and a reduction time out while Redis is suspended; their commands stay in its socket buffer.
        redis.Pause();
        await ShouldBeUnavailableAsync(
            () => node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("new", ScopeSet.Empty, null)));
        await ShouldBeUnavailableAsync(
            () => node.Tokens.ModifyTokenAsync(token.Key, administrator, "some-user", new TokenEdit { Scopes = ScopeSet.Empty }));
        redis.Resume();

        // When Redis resumes, each valid token is listed, and no record has more scopes than its row.
        await RealServers.WaitUntilAsync(
            async () => (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull(), "the record store");
        (await node.Tokens.ListTokensAsync(session, "some-user")).Select(t => t.TokenName).ShouldBe([null, "edited"], ignoreOrder: true);
        var record = await node.Tokens.GetDataAsync(token);
        record!.Scopes.IsSubsetOf((await node.Tokens.GetTokenInfoUncheckedAsync(token.Key))!.Scopes).ShouldBeTrue();

        // The changes can be repeated, and finally the audit reports nothing.
        await node.Tokens.ModifyTokenAsync(token.Key, administrator, "some-user", new TokenEdit { Scopes = ScopeSet.Empty });
        (await node.Tokens.GetDataAsync(token))!.Scopes.ShouldBe(ScopeSet.Empty);
        await node.Audit.RunAsync(fix: true).ToListAsync();
        (await node.Audit.RunAsync(fix: false).ToListAsync()).ShouldBeEmpty();
    }
}
