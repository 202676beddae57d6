using System.Diagnostics;
using Porthor.Identity;
using Porthor.Server.Configuration;
using Porthor.Storage;
using Porthor.Testing;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Ingress;

/// <summary>With <c>exactQuotas: true</c> the nodes of database mode count requests together.</summary>
public sealed class ExactQuotaTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_nodes_count_together(bool exact)
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        deployment.Settings = Configure(deployment.Settings, exact);
        await using var first = await TestServer.StartAsync(deployment);
        await using var second = await TestServer.StartAsync(deployment);
        var bearer = TestServer.Bearer((await first.Tokens.SessionForAsync("counted", "read:all", UserData.None)).Record.Token);
        for (var i = 1; i <= 3; i++)
        {
            var (byFirst, bySecond) = (await CountAsync(first, bearer), await CountAsync(second, bearer));
            if (exact)
                bySecond.ShouldBeGreaterThan(byFirst);
            else
                (byFirst, bySecond).ShouldBe((i, i));
        }
    }

    [Fact]
    public async Task Concurrent_requests_are_all_counted_and_expired_windows_are_removed()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        var nodes = new[] { await deployment.OpenNodeAsync(), await deployment.OpenNodeAsync() };
        var key = new RateKey("counted", "tap", 5);
        // Sends as many concurrent requests as the pools have connections.
        var counts = new System.Collections.Concurrent.ConcurrentBag<RateCount>();
        await Parallel.ForAsync(0, 100, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancellation },
            async (number, stop) =>
            counts.Add(await nodes[number % 2].Sql.CreateRateCounter(TimeSpan.FromSeconds(30)).CountAsync(key, stop)));
        counts.Select(count => count.Count).Order().ShouldBe(Enumerable.Range(1, 100).Select(number => (long)number));
        counts.ShouldAllBe(count => count.UntilReset > TimeSpan.Zero && count.UntilReset <= TimeSpan.FromMinutes(1));

        var postgres = await RealServers.Instance.PostgresAsync();
        await nodes[0].Sql.RemoveEndedCountersAsync(Cancellation);
        (await postgres.QueryAsync(deployment.DatabaseName!, "SELECT requests FROM porthor_counter"))[0][0].ShouldBe("100");
        await postgres.ExecuteAsync(deployment.DatabaseName!, "UPDATE porthor_counter SET ends = clock_timestamp()");
        (await nodes[1].Sql.CreateRateCounter(TimeSpan.FromSeconds(30)).CountAsync(key, Cancellation)).Count.ShouldBe(1);
        await postgres.ExecuteAsync(deployment.DatabaseName!, "UPDATE porthor_counter SET ends = clock_timestamp()");
        await nodes[0].Sql.RemoveEndedCountersAsync(Cancellation);
        (await postgres.QueryAsync(deployment.DatabaseName!, "SELECT 1 FROM porthor_counter")).ShouldBeEmpty();
    }

    /// <summary>A counter that does not respond delays a request by a tenth of a second and denies none.</summary>
    [Fact]
    public async Task A_counter_that_does_not_respond_delays_requests_only_briefly()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var server = await TestServer.StartAsync(Mode.Database, settings => Configure(settings, exact: true));
        var bearer = TestServer.Bearer((await server.Tokens.SessionForAsync("stuck", "read:all", UserData.None)).Record.Token);
        await CountAsync(server, bearer);
        var postgres = await RealServers.Instance.PostgresAsync();
        await using var locking = new Npgsql.NpgsqlConnection(
            postgres.ConnectionString(server.Deployment.DatabaseName!) + ";Pooling=false");
        await locking.OpenAsync(Cancellation);
        await using var transaction = await locking.BeginTransactionAsync(Cancellation);
        await using var command = new Npgsql.NpgsqlCommand("LOCK TABLE porthor_counter IN ACCESS EXCLUSIVE MODE", locking);
        await command.ExecuteNonQueryAsync(Cancellation);
        var begun = Stopwatch.GetTimestamp();
        var answer = await AuthorizeAsync(server, bearer);
        answer.StatusCode.ShouldBe(200);
        answer.Header("X-RateLimit-Remaining").ShouldBeNull();
        Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Exact_quotas_are_a_setting()
    {
        Load("exactQuotas: true", SettingsScope.Stores).ExactQuotas.ShouldBeTrue();
        Load("", SettingsScope.Stores).ExactQuotas.ShouldBeFalse();
    }

    private static PorthorSettings Configure(PorthorSettings settings, bool exact) => settings with
    {
        ExactQuotas = exact,
        Quota = new() { Default = new() { Api = new Dictionary<string, long> { ["test"] = 1000 } } },
    };

    /// <summary>
    /// Repeats a request until it is counted: on a busy machine counting can time out, and then the request is allowed without being
    /// counted.
    /// </summary>
    private static async Task<int> CountAsync(TestServer server, (string, string) bearer)
    {
        var used = 0;
        await RealServers.WaitUntilAsync(
            async () =>
            {
                var answer = await AuthorizeAsync(server, bearer);
                answer.StatusCode.ShouldBe(200);
                used = int.Parse(answer.Header("X-RateLimit-Used").ShouldNotBeNull(), System.Globalization.CultureInfo.InvariantCulture);
            },
            "a count");
        return used;
    }

    private static Task<Answer> AuthorizeAsync(TestServer server, (string, string) bearer) => server.GetAsync(
        "/ingress/auth?scope=read:all&service=test", ("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"), bearer);
}
