using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Server.Platform;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Postgres;

/// <summary>A primary with a synchronous standby. The standby is promoted under load, and the old primary is started again.</summary>
public sealed class FailoverTests
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
        deployment.Settings = deployment.Settings with {
            DatabaseConnection = new Secret(pair.ConnectionString), ApiTimeout = TimeSpan.FromSeconds(30) };
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

    /// <summary>Two servers for one test. The second is a synchronous standby of the first.</summary>
    private sealed class Pair(string folder, PostgresServer primary, PostgresServer standby, string database) : IAsyncDisposable
    {
        public PostgresServer Primary => primary;

        public PostgresServer Standby => standby;

        public string Database => database;

        public string ConnectionString =>
            $"Host=127.0.0.1:{primary.Port},127.0.0.1:{standby.Port};Username={PostgresServer.User};Database={database}";

        public static async Task<Pair> StartAsync()
        {
            var folder = Directory.CreateTempSubdirectory("porthor-failover-").FullName;
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
            var primary = await PostgresServer.StartAsync(Path.Combine(folder, "first"));
            var database = await primary.CreateDatabaseAsync();
            var standby = await primary.StartReplicaAsync(Path.Combine(folder, "second"), "second");
            await primary.ExecuteAsync("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'second'");
            await primary.ExecuteAsync("postgres", "SELECT pg_reload_conf()");
            await RealServers.WaitUntilAsync(
                async () => (await primary.QueryAsync("postgres", "SELECT sync_state FROM pg_stat_replication"))[0][0]
                    .ShouldBe("sync"), "replication");
            return new Pair(folder, primary, standby, database);
        }

        public async ValueTask DisposeAsync()
        {
            await primary.DisposeAsync();
            await standby.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Creates, uses and revokes tokens until stopped, and records the acknowledged changes.</summary>
    private sealed class Load(PorthorDeployment node)
    {
        private volatile bool isStopped;
        private int rounds;
        private int failures;
        private int wronglyAllowed;

        public int Failures => Volatile.Read(ref failures);

        public int WronglyAllowed => Volatile.Read(ref wronglyAllowed);

        public ConcurrentDictionary<Token, bool> Valid { get; } = new();

        public ConcurrentQueue<Token> Revoked { get; } = new();

        public ConcurrentQueue<Exception> Unexpected { get; } = new();

        public void Stop() => isStopped = true;

        public Task RunAsync() => Task.WhenAll(Enumerable.Range(0, 4).Select(number => Task.Run(() => WorkAsync($"user-{number}"))));

        public Task WaitForProgressAsync()
        {
            var before = Volatile.Read(ref rounds);
            return WaitUntilAsync(() => Volatile.Read(ref rounds) > before + 20, "progress");
        }

        public Task WaitUntilAsync(Func<bool> condition, string what) =>
            RealServers.WaitUntilAsync(
                () => condition() ? Task.CompletedTask : throw new TimeoutException(string.Join('\n', Unexpected.Take(1))), what);

        private async Task WorkAsync(string username)
        {
            while (!isStopped)
            {
                try
                {
                    await WorkOnceAsync(username);
                    Interlocked.Increment(ref rounds);
                }
                catch (StoreUnavailableException)
                {
                    Interlocked.Increment(ref failures);
                    await Task.Yield();
                }
                catch (Exception e)
                {
                    Unexpected.Enqueue(e);
                }
            }
        }

        private async Task WorkOnceAsync(string username)
        {
            var session = await node.Tokens.SessionForAsync(username, "user:token,read:all");
            var token = await node.Tokens.CreateUserTokenAsync(
                session, username, new UserTokenRequest($"{Guid.NewGuid():N}", ScopeSet.Of("read:all"), node.Clock.GetUtcNow().AddDays(1)));
            if (Random.Shared.Next(2) == 0)
            {
                Valid[token] = true;
            }
            else if (await node.Tokens.DeleteTokenAsync(token.Key, session, username))
            {
                Revoked.Enqueue(token);
            }
            foreach (var revoked in Revoked.TakeLast(3))
            {
                if (await node.Tokens.GetDataAsync(revoked) is not null)
                    Interlocked.Increment(ref wronglyAllowed);
            }
        }
    }
}
