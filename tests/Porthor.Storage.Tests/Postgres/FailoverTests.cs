using Microsoft.Extensions.Logging;
using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Server.Platform;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Storage.Tests.Postgres;

/// <summary>A primary with a synchronous standby. The standby is promoted under load, and the old primary is started again.</summary>
public sealed partial class FailoverTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_promoted_standby_takes_over_and_the_old_primary_is_not_used_again()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var pair = await Pair.StartAsync();
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        deployment.Settings = deployment.Settings with { DatabaseConnection = new Secret(pair.ConnectionString) };
        var node = await deployment.OpenNodeAsync();
        var load = new Load(node);
        var running = load.RunAsync();
        await load.WaitForProgressAsync();

        await pair.Primary.KillAsync();
        // Without a primary no request is allowed, although the standby answers queries.
        await load.WaitUntilAsync(() => load.Failures > 0, "failures");
        await Should.ThrowAsync<StoreUnavailableException>(async () => await node.Tokens.GetDataAsync(load.Valid.First().Key));
        await pair.Standby.PromoteAsync();
        await load.WaitForProgressAsync();

        // The old primary starts again, accepts writes, and lacks the revocations since the failover.
        await pair.Primary.RestartAsync();
        await load.WaitForProgressAsync();
        await pair.Standby.ExecuteAsync(
            "postgres", $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{pair.Database}'");
        await load.WaitForProgressAsync();
        load.Stop();
        await running.WaitAsync(TimeSpan.FromMinutes(1), Cancellation);

        // No acknowledged change is lost, on this node and on a node that starts now.
        var later = await deployment.OpenNodeAsync();
        foreach (var core in (PorthorDeployment[])[node, later])
        {
            foreach (var token in load.Valid.Keys)
                (await core.Tokens.GetDataAsync(token)).ShouldNotBeNull();
            foreach (var token in load.Revoked)
                (await core.Tokens.GetDataAsync(token)).ShouldBeNull();
        }
        load.WronglyAllowed.ShouldBe(0);
        load.Unexpected.ShouldBeEmpty();
    }

    /// <summary>If the wait for the standby is cancelled, PostgreSQL commits with a warning. A failover would undo the change.</summary>
    [Fact]
    public async Task A_change_that_no_standby_confirmed_is_not_acknowledged()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var pair = await Pair.StartAsync();
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        deployment.Settings = deployment.Settings with
        {
            DatabaseConnection = new Secret(pair.ConnectionString),
            ApiTimeout = TimeSpan.FromSeconds(30)
        };
        var node = await deployment.OpenNodeAsync();
        var session = await node.Tokens.SessionForAsync("some-user");
        await pair.Standby.KillAsync();
        var revoking = Should.ThrowAsync<StoreUnavailableException>(
            () => node.Tokens.DeleteTokenAsync(session.Record.Token.Key, session, "some-user"));
        await RealServers.WaitUntilAsync(
            async () =>
            {
                await pair.Primary.ExecuteAsync(
                    "postgres", "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
                revoking.IsCompleted.ShouldBeTrue();
            },
            "the end of the revocation");
        (await revoking).Reason.ShouldBe("The standby did not confirm the change in time.");
    }

    /// <summary>The connections to the pooler stay open. The pooler now forwards them to the standby.</summary>
    [Fact]
    public async Task A_standby_behind_a_pooler_is_not_used()
    {
        Prerequisites.SkipWhen(Prerequisites.PgBouncerSkipReason);
        await using var pair = await Pair.StartAsync();
        await using var bouncer = await PgBouncerProcess.StartAsync(pair.Primary);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        deployment.Settings = deployment.Settings with { DatabaseConnection = new Secret(bouncer.ConnectionString(pair.Database)) };
        var node = await deployment.OpenNodeAsync();
        var session = await node.Tokens.SessionForAsync("some-user");
        (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull();
        await bouncer.SwitchToAsync(pair.Standby);
        await RealServers.WaitUntilAsync(
            () => Should.ThrowAsync<StoreUnavailableException>(async () => await node.Tokens.GetDataAsync(session.Record.Token)),
            "the switch");
        await Should.ThrowAsync<StoreUnavailableException>(async () => await node.Tokens.GetDataAsync(Token.Create()));
        await Should.ThrowAsync<StoreUnavailableException>(
            () => node.Sql.Revocations.RevokedAsync(node.Clock.GetUtcNow(), after: null, 10, Cancellation));
        await Should.ThrowAsync<StoreUnavailableException>(
            () => node.Tokens.DeleteTokenAsync(session.Record.Token.Key, session, "some-user"));
        await bouncer.SwitchToAsync(pair.Primary);
        await RealServers.WaitUntilAsync(
            async () => (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull(), "the switch back");
    }

    /// <summary>A standby answers reads, but its data can be old. The node does not use it and reports this at startup.</summary>
    [Fact]
    public async Task A_standby_alone_is_rejected()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var pair = await Pair.StartAsync();
        await using (var deployment = await Deployment.CreateAsync(Mode.Database))
        {
            deployment.Settings = deployment.Settings with { DatabaseConnection = new Secret(pair.ConnectionString) };
            await deployment.OpenNodeAsync();
        }
        await using var other = await Deployment.CreateAsync(Mode.Database);
        other.Settings = other.Settings with
        {
            DatabaseConnection = new Secret(pair.Standby.ConnectionString(pair.Database)),
            StartTimeout = TimeSpan.FromSeconds(1),
        };
        await using var core = PorthorDeployment.Open(other.Settings, LoggerFactory.Create(_ => { }), TimeProvider.System);
        var refusal = await Should.ThrowAsync<StartException>(() => StartupValidation.ForServerAsync(core, Cancellation));
        refusal.Message.ShouldContain("is a standby (it is in recovery). Porthor uses only the primary");
        await Should.ThrowAsync<StoreUnavailableException>(async () => await core.Tokens.GetDataAsync(Token.Create()));
    }
}
