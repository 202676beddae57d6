using System.Diagnostics;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Faults;

/// <summary>
/// Redis servers swap their roles while connections stay open. A server that is not the primary is not used, because it does not receive
/// revocations while replication is interrupted.
/// </summary>
public sealed class RedisRoleTests : IAsyncLifetime
{
    private RedisServerProcess first = null!;
    private RedisServerProcess second = null!;
    private FaultInjectingProxy wire = null!;
    private Deployment deployment = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private RedisServerProcess[] Servers => [first, second];

    public async ValueTask InitializeAsync()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        first = await RedisServerProcess.StartOwnAsync("--enable-protected-configs", "yes");
        second = await RedisServerProcess.StartOwnAsync();
        wire = new FaultInjectingProxy(first.Port);
        deployment = await Deployment.CreateAsync(Mode.Cluster, first);
        await second.ReplicateFromAsync(first);
    }

    public async ValueTask DisposeAsync()
    {
        await deployment.DisposeAsync();
        await wire.DisposeAsync();
        foreach (var server in Servers)
            await server.DisposeAsync();
    }

    /// <summary>The test simulates a TCP proxy that keeps connections during a failover.</summary>
    [Fact]
    public async Task A_primary_that_became_a_replica_is_not_used()
    {
        var node = await OpenAsync(wire.Port);
        var session = await node.Tokens.SessionForAsync("some-user");
        var revoked = await node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("revoked", ScopeSet.Empty, null));
        await second.WaitForReplicationAsync(first);

        await SwapRolesAsync();
        var other = await OpenAsync(second.Port);
        await other.Tokens.DeleteTokenAsync(revoked.Key, session, "some-user");
        // From the acknowledgement on, the token must not be valid.
        await ShouldNeverBeValidAsync(node, revoked, TimeSpan.FromSeconds(2));
        await Should.ThrowAsync<StoreUnavailableException>(() => node.RecordStore.CheckAsync(Cancellation));
        await Should.ThrowAsync<StoreUnavailableException>(
            () => node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("new", ScopeSet.Empty, null)));

        wire.Target = second.Port;
        await RealServers.WaitUntilAsync(
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
        await StartupValidation.ForServerAsync(core, Cancellation);
        await RealServers.WaitUntilAsync(
            async () => (await Should.ThrowAsync<StoreUnavailableException>(() => core.RecordStore.CheckAsync(Cancellation)))
                .What.ShouldContain("its role is 'slave'"), "the reason");
        await second.PromoteAsync();
        await RealServers.WaitUntilAsync(() => core.RecordStore.CheckAsync(Cancellation), "the record store");
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
        await SwapRolesAsync();
        await Should.ThrowAsync<StoreUnavailableException>(
            () => node.Tokens.CreateUserTokenAsync(session, "some-user", new UserTokenRequest("new", ScopeSet.Empty, null)));
        await Should.ThrowAsync<StoreUnavailableException>(() => node.Tokens.GetDataAsync(session.Record.Token).AsTask());

        await first.PromoteAsync();
        await RealServers.WaitUntilAsync(
            async () => (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull(), "the record store");
    }

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

    private static async Task ShouldNeverBeValidAsync(
        PorthorDeployment node, Token token, TimeSpan time, CancellationToken stopping = default)
    {
        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < time && !stopping.IsCancellationRequested;)
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
    private async Task SwapRolesAsync()
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
