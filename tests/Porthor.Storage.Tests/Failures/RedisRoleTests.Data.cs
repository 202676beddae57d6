using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Failures;

public sealed partial class RedisRoleTests
{
    /// <summary>
    /// The server loads data from before a revocation. Nodes reject it while it is a replica, and use it again when it is the primary.
    /// </summary>
    [Fact]
    public async Task Data_that_is_replaced_during_an_open_connection_does_not_restore_a_token()
    {
        var node = await OpenAsync(first.Port);
        var session = await node.Tokens.SessionForAsync("some-user");
        var revoked = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("revoked", ScopeSet.Empty, null));
        await second.WaitForReplicationAsync(first);
        await second.PromoteAsync();
        await node.Tokens.DeleteTokenAsync(revoked.Key, session, "some-user");

        using var stopping = new CancellationTokenSource();
        var reading = ShouldNeverBeValidAsync(node, revoked, TimeSpan.FromSeconds(60), stopping.Token);
        await first.ReplicateFromAsync(second);
        await first.WaitForReplicationAsync(second);
        await using (var connection = await first.ConnectAsync())
            (await connection.GetDatabase(deployment.Settings.PersistentRedis!.Database).KeyExistsAsync($"token:{revoked.Key}"))
                .ShouldBeTrue();
        await RealServers.WaitUntilAsync(
            () => Should.ThrowAsync<StoreUnavailableException>(() => node.RecordStore.CheckAsync(Cancellation)), "the refusal");
        await first.PromoteAsync();
        await RealServers.WaitUntilAsync(
            async () => (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull(), "the record store");
        await stopping.CancelAsync();
        await reading;
        (await node.Tokens.GetDataAsync(revoked)).ShouldBeNull();
    }
}
