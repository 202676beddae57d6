using Microsoft.Extensions.Logging.Abstractions;
using Porthor.History;
using Porthor.Operations;
using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Sql.Postgres;
using Porthor.Sql.Schema;
using Porthor.Telemetry;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Postgres;

/// <summary>PgBouncer in transaction mode between Porthor and PostgreSQL: each transaction can use a different server connection.</summary>
public sealed class PgBouncerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task All_operations_work_through_a_pooler_in_transaction_mode(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        Prerequisites.SkipWhen(Prerequisites.PgBouncerSkipReason);
        await using var bouncer = await PgBouncerProcess.StartAsync(await RealServers.Instance.PostgresAsync());
        await using var deployment = await Deployment.CreateAsync(mode);
        deployment.Settings = deployment.Settings with
        {
            DatabaseConnection = new Secret(bouncer.ConnectionString(deployment.DatabaseName!))
        };
        // The first start creates the schema through the pooler; the second start finds it.
        PorthorDeployment[] nodes = [await deployment.OpenNodeAsync(), await deployment.OpenNodeAsync()];

        // More callers than server connections, and each statement many times, so that prepared statements would conflict.
        await Task.WhenAll(Enumerable.Range(0, 16).Select(
            number => Task.Run(() => UseAsync(nodes[number % 2], nodes[(number + 1) % 2], $"user-{number}"), Cancellation)));

        var core = nodes[0];
        (await core.Audit.RunAsync(fix: true, cancellationToken: Cancellation).ToListAsync(Cancellation)).ShouldBeEmpty();
        await core.Maintenance.ExpireTokensAsync(cancellationToken: Cancellation);
        await core.Maintenance.TruncateHistoryAsync(cancellationToken: Cancellation);
        await core.Maintenance.CountTokensForMetricsAsync(Cancellation);
        await core.Sql.RemoveEndedCountersAsync(Cancellation);
        var postgres = await RealServers.Instance.PostgresAsync();
        await postgres.ExecuteAsync(deployment.DatabaseName!, "DROP INDEX porthor_history_by_actor");
        await core.Sql.Schema.UpdateAsync(Cancellation);
        (await core.Sql.Schema.CheckAsync(Cancellation)).ShouldBe(SchemaState.Current);
        (await postgres.QueryAsync(deployment.DatabaseName!, "SELECT to_regclass('porthor_history_by_actor') IS NOT NULL"))[0][0]
            .ShouldBe("t");
    }

    [Fact]
    public async Task A_statement_that_takes_too_long_is_cancelled_through_the_pooler()
    {
        Prerequisites.SkipWhen(Prerequisites.PgBouncerSkipReason);
        var postgres = await RealServers.Instance.PostgresAsync();
        await using var bouncer = await PgBouncerProcess.StartAsync(postgres);
        var name = await postgres.CreateDatabaseAsync();
        using var metrics = new PorthorMetrics();
        var limit = TimeSpan.FromMilliseconds(300);
        await using var database = PostgresDatabase.Create(
            bouncer.ConnectionString(name), 5, limit, limit, metrics.Stores, NullLogger<PrimaryConnections>.Instance);
        await Should.ThrowAsync<StoreUnavailableException>(
            () => database.QueryAsync(database.Sql($"SELECT pg_sleep(600)"), _ => 0, Cancellation));
        await RealServers.WaitUntilAsync(
            async () =>
                (await postgres.QueryAsync(
                    name, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active'"))[0][0]
                    .ShouldBe("0"),
            "the end of the statement");
        (await database.QueryAsync(database.Sql($"SELECT 7::bigint"), row => row.Number(0), Cancellation)).ShouldBe([7]);
    }

    private static async Task UseAsync(PorthorDeployment node, PorthorDeployment other, string username)
    {
        for (var round = 0; round < 5; round++)
        {
            var session = await node.Tokens.SessionForAsync(username, "user:token,read:all,exec:notebook");
            var token = await node.Tokens.CreateUserTokenAsync(
                session, username, new UserTokenRequest($"token {round}", ScopeSet.Of("read:all"), node.Clock.GetUtcNow().AddDays(1)));
            var child = await other.Tokens.GetNotebookTokenAsync(await other.Tokens.CallerAsync(token));
            var grandchild = await node.Tokens.GetInternalTokenAsync(await node.Tokens.CallerAsync(child), "tap", ScopeSet.Of("read:all"));
            foreach (var one in (Token[])[token, child, grandchild])
                (await other.Tokens.GetDataAsync(one)).ShouldNotBeNull();
            (await node.Tokens.DeleteTokenAsync(token.Key, session, username)).ShouldBeTrue();
            foreach (var one in (Token[])[token, child, grandchild])
                (await other.Tokens.GetDataAsync(one)).ShouldBeNull();
            var page = await other.Tokens.GetChangeHistoryAsync(
                session, new HistoryRequest<HistoryFilter>(new HistoryFilter { Username = username }, Cursor: null, Limit: 50));
            (await page.Rows.CountAsync()).ShouldBeGreaterThan(round * 6);
        }
    }
}
