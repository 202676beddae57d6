using System.Diagnostics;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Failures;

/// <summary>
/// Redis servers swap their roles while connections stay open. A server that is not the primary is not used, because it does not receive
/// revocations while replication is interrupted.
/// </summary>
public sealed partial class RedisRoleTests : IAsyncLifetime
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
