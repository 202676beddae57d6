using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Failures;

public sealed partial class RedisRoleTests
{
    /// <summary>
    /// A write to a server that is no longer the primary fails at once, and the server is not used for further operations.
    /// </summary>
    [Fact]
    public async Task A_server_that_rejects_writes_is_not_used()
    {
        var node = await OpenAsync(first.Port);
        var session = await node.Tokens.SessionForAsync("some-user");
        await second.WaitForReplicationAsync(first);
        await SwapRolesAsync();
        await Should.ThrowAsync<StoreUnavailableException>(
            () => node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("new", ScopeSet.Empty, null)));
        await Should.ThrowAsync<StoreUnavailableException>(() => node.Tokens.GetDataAsync(session.Record.Token).AsTask());

        await first.PromoteAsync();
        await RealServers.WaitUntilAsync(
            async () => (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull(), "the record store");
    }

    /// <summary>A primary that cannot write its snapshot rejects writes but not reads.</summary>
    [Fact]
    public async Task Records_are_read_while_redis_cannot_save()
    {
        var node = await OpenAsync(first.Port);
        var session = await node.Tokens.SessionForAsync("some-user");
        await second.WaitForReplicationAsync(first);
        await first.SendAsync("CONFIG", "SET", "dbfilename", "missing.rdb");
        await first.SendAsync("CONFIG", "SET", "save", "1 1");
        Directory.CreateDirectory(Path.Combine(first.Folder, "missing.rdb"));
        await RealServers.WaitUntilAsync(
            () => Should.ThrowAsync<StoreUnavailableException>(
                () => node.Tokens.CreateUserTokenAsync(
                    session, "some-user", new UserTokenRequest($"new-{Guid.NewGuid()}", ScopeSet.Empty, null))),
            "the full disk");
        (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Requests_are_counted_on_a_primary_only()
    {
        var node = await OpenAsync(first.Port);
        var key = new RateKey("some-user", "service", 10);
        await RealServers.WaitUntilAsync(() => node.RateCounter.CountAsync(key, Cancellation), "the counter");
        await second.WaitForReplicationAsync(first);
        await SwapRolesAsync();
        await RealServers.WaitUntilAsync(
            () => Should.ThrowAsync<StoreUnavailableException>(() => node.RateCounter.CountAsync(key, Cancellation)), "the error");
        await first.PromoteAsync();
        await RealServers.WaitUntilAsync(() => node.RateCounter.CountAsync(key, Cancellation), "the counter");
    }
}
