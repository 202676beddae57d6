using System.Diagnostics;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Faults;

/// <summary>
/// Redis servers exchange their roles while connections stay open. A server that is not the primary is not used: it does not receive
/// revocations while replication is interrupted.
/// </summary>
public sealed class RedisRoleTests : IAsyncLifetime
{
    private RedisServerProcess first = null!;
    private RedisServerProcess second = null!;
    private FaultyWire wire = null!;
    private Deployment deployment = null!;

    private static CancellationToken Aborted => TestContext.Current.CancellationToken;

    private RedisServerProcess[] Both => [first, second];

    public async ValueTask InitializeAsync()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        first = await RedisServerProcess.StartOwnAsync("--enable-protected-configs", "yes");
        second = await RedisServerProcess.StartOwnAsync();
        wire = new FaultyWire(first.Port);
        deployment = await Deployment.CreateAsync(Mode.Cluster, first);
        await second.FollowAsync(first);
    }

    public async ValueTask DisposeAsync()
    {
        await deployment.DisposeAsync();
        await wire.DisposeAsync();
        foreach (var server in Both)
            await server.DisposeAsync();
    }

    /// <summary>As behind a TCP proxy that keeps connections during a failover.</summary>
    [Fact]
    public async Task A_primary_that_became_a_replica_is_not_used()
    {
        var node = await OpenAsync(wire.Port);
        var session = await node.Tokens.SessionForAsync("some-user");
        var revoked = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("revoked", ScopeSet.Empty, null));
        await second.WaitForReplicationAsync(first);

        await ExchangeAsync();
        var other = await OpenAsync(second.Port);
        await other.Tokens.DeleteTokenAsync(revoked.Key, session, "some-user");
        // From the acknowledgement on.
        await ShouldNeverWorkAsync(node, revoked, TimeSpan.FromSeconds(2));
        await Should.ThrowAsync<StoreUnavailableException>(() => node.RecordStore.CheckAsync(Aborted));
        await Should.ThrowAsync<StoreUnavailableException>(
            () => node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("new", ScopeSet.Empty, null)));

        wire.Target = second.Port;
        await RealServers.UntilAsync(
            async () => (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull(), "the record store");
        (await node.Tokens.GetDataAsync(revoked)).ShouldBeNull();
        (await other.Tokens.ListTokensAsync(session, "some-user")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_node_that_starts_with_a_replica_is_not_ready_and_reports_the_reason()
    {
        await second.WaitForReplicationAsync(first);
        var settings = Settings(second.Port);
        await using var core = PorthorDeployment.Open(settings, new CapturedLogs(), TimeProvider.System);
        await StartupValidation.ForServerAsync(core, Aborted);
        await RealServers.UntilAsync(
            async () => (await Should.ThrowAsync<StoreUnavailableException>(() => core.RecordStore.CheckAsync(Aborted)))
                .What.ShouldContain("its role is 'slave'"), "the reason");
        await second.PromoteAsync();
        await RealServers.UntilAsync(() => core.RecordStore.CheckAsync(Aborted), "the record store");
    }

    /// <summary>
    /// A write to a server that is no longer the primary fails at once, and the server is not used for further operations.
    /// </summary>
    [Fact]
    public async Task A_server_that_rejects_writes_is_not_used()
    {
        var node = await OpenAsync(first.Port);
        var session = await node.Tokens.SessionForAsync("some-user");
        await second.WaitForReplicationAsync(first);
        await ExchangeAsync();
        await Should.ThrowAsync<StoreUnavailableException>(
            () => node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("new", ScopeSet.Empty, null)));
        await Should.ThrowAsync<StoreUnavailableException>(() => node.Tokens.GetDataAsync(session.Record.Token).AsTask());

        await first.PromoteAsync();
        await RealServers.UntilAsync(
            async () => (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull(), "the record store");
    }

    /// <summary>
    /// The server loads data that are older than a revocation. Nodes reject it while it is a replica and use it again when it is the
    /// primary.
    /// </summary>
    [Fact]
    public async Task Data_replaced_under_an_open_connection_do_not_restore_a_token()
    {
        var node = await OpenAsync(first.Port);
        var session = await node.Tokens.SessionForAsync("some-user");
        var revoked = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("revoked", ScopeSet.Empty, null));
        await second.WaitForReplicationAsync(first);
        await second.PromoteAsync();
        await node.Tokens.DeleteTokenAsync(revoked.Key, session, "some-user");

        using var done = new CancellationTokenSource();
        var asking = ShouldNeverWorkAsync(node, revoked, TimeSpan.FromSeconds(60), done.Token);
        await first.FollowAsync(second);
        await first.WaitForReplicationAsync(second);
        await using (var connection = await first.ConnectAsync())
            (await connection.GetDatabase(deployment.Settings.PersistentRedis!.Database).KeyExistsAsync($"token:{revoked.Key}"))
                .ShouldBeTrue();
        await RealServers.UntilAsync(
            () => Should.ThrowAsync<StoreUnavailableException>(() => node.RecordStore.CheckAsync(Aborted)), "the refusal");
        await first.PromoteAsync();
        await RealServers.UntilAsync(
            async () => (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull(), "the record store");
        await done.CancelAsync();
        await asking;
        (await node.Tokens.GetDataAsync(revoked)).ShouldBeNull();
    }

    /// <summary>As with a primary that cannot write its snapshot: writes fail, and reads do not.</summary>
    [Fact]
    public async Task Records_are_read_while_redis_cannot_save()
    {
        var node = await OpenAsync(first.Port);
        var session = await node.Tokens.SessionForAsync("some-user");
        await second.WaitForReplicationAsync(first);
        await first.SendAsync("CONFIG", "SET", "dbfilename", "missing.rdb");
        await first.SendAsync("CONFIG", "SET", "save", "1 1");
        Directory.CreateDirectory(Path.Combine(first.Folder, "missing.rdb"));
        await RealServers.UntilAsync(
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
        await RealServers.UntilAsync(() => node.RateCounter.CountAsync(key, Aborted), "the counter");
        await second.WaitForReplicationAsync(first);
        await ExchangeAsync();
        await RealServers.UntilAsync(
            () => Should.ThrowAsync<StoreUnavailableException>(() => node.RateCounter.CountAsync(key, Aborted)), "the error");
        await first.PromoteAsync();
        await RealServers.UntilAsync(() => node.RateCounter.CountAsync(key, Aborted), "the counter");
    }

    private static async Task ShouldNeverWorkAsync(PorthorDeployment node, Token token, TimeSpan time, CancellationToken done = default)
    {
        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < time && !done.IsCancellationRequested;)
        {
            try
            {
                (await node.Tokens.GetDataAsync(token, CancellationToken.None)).ShouldBeNull();
            }
            catch (StoreUnavailableException)
            {
                // The state of the token is unknown, so the request must not be allowed.
            }
        }
    }

    /// <summary>Promotes the second server. The first becomes a replica without a connection to its primary.</summary>
    private async Task ExchangeAsync()
    {
        await first.SendAsync("REPLICAOF", "127.0.0.1", RealServers.FreePort());
        await second.PromoteAsync();
    }

    private PorthorSettings Settings(int port) => deployment.Settings with
    {
        PersistentRedis = deployment.Settings.PersistentRedis! with { Port = port },
        EphemeralRedis = deployment.Settings.EphemeralRedis! with { Port = port },
    };

    private async Task<PorthorDeployment> OpenAsync(int port)
    {
        var before = deployment.Settings;
        deployment.Settings = Settings(port);
        try
        {
            return await deployment.OpenNodeAsync();
        }
        finally
        {
            deployment.Settings = before;
        }
    }
}
