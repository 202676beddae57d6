using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Crash.Tests.Failures;

/// <summary>Tests that the number of connections to the stores has a limit, which does not depend on the number of requests.</summary>
public sealed class ConnectionBudgetTests
{
    private const int RequestCount = 300;

    [Fact]
    public async Task A_node_opens_the_configured_connections_to_PostgreSQL_and_one_to_each_Redis_database()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var server = await TestServer.StartAsync(
            Mode.Cluster, settings => (RouteGroups.Configure(settings) with { DatabaseConnections = 3 }).WithLongTimeouts());
        var groups = await RouteGroups.CreateAsync(server);
        await SendEachAsync(groups);
        var postgres = await RealServers.Instance.PostgresAsync();
        await using var redis = await (await RealServers.Instance.RedisAsync()).ConnectAsync();
        var (persistent, ephemeral) = (
            server.Deployment.Settings.PersistentRedis!.Database, server.Deployment.Settings.EphemeralRedis!.Database);
        var requests = SendManyAsync(groups);
        var (maxSqlConnections, maxRedisConnections, samples) = (0, 0, 0);
        do
        {
            var sql = await postgres.QueryAsync(
                "postgres", $"SELECT count(*) FROM pg_stat_activity WHERE datname = '{server.Deployment.DatabaseName}'");
            maxSqlConnections = Math.Max(maxSqlConnections, int.Parse(sql[0][0]!));
            var clients = await redis.GetServers()[0].ClientListAsync();
            maxRedisConnections = Math.Max(maxRedisConnections, clients.Count(
                client => client.Name == "porthor" && (client.Database == persistent || client.Database == ephemeral)));
            samples++;
        }
        while (!requests.IsCompleted);
        await requests;
        samples.ShouldBeGreaterThan(3);
        maxSqlConnections.ShouldBeInRange(1, 3);
        maxRedisConnections.ShouldBeInRange(1, 2);
    }

    [Fact]
    public async Task The_number_of_open_database_files_is_limited()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded, RouteGroups.Configure);
        var groups = await RouteGroups.CreateAsync(server);
        await SendEachAsync(groups);
        // The lists are long, so that new readers start before earlier ones have finished.
        var reader = await server.Tokens.SessionForAsync("reader", "user:token");
        for (var number = 0; number < 300; number++)
            await server.Tokens.CreateUserTokenAsync(reader, "reader", new UserTokenRequest($"{number}", ScopeSet.Empty, null));
        var requests = Task.WhenAll(SendManyAsync(groups), Task.WhenAll(Enumerable.Range(0, RequestCount).Select(async _ =>
            (await server.GetAsync("/auth/api/v1/users/reader/tokens", TestServer.Bearer(reader.Record.Token)))
                .StatusCode.ShouldBeOneOf(200, 503))));
        var maxOpenFiles = 0;
        do
        {
            // The server runs in this process.
            maxOpenFiles = Math.Max(maxOpenFiles, Directory.GetFiles("/proc/self/fd").Count(
                fd => new FileInfo(fd).LinkTarget == server.Core.DataDirectory!.DatabasePath));
            await Task.Yield();
        }
        while (!requests.IsCompleted);
        await requests;
        // One writer, eight readers of lists, and at most one reader of records for each of 32 threads.
        maxOpenFiles.ShouldBeInRange(2, 1 + 8 + 32);
    }

    /// <summary>Sends each request once, so that requests find the state that others create.</summary>
    private static Task SendEachAsync(RouteGroups groups) => RealServers.WaitUntilAsync(
        () => Task.WhenAll(groups.All.Select(
            async group => (await group.SendAsync()).StatusCode.ShouldBe(group.ExpectedStatus, group.Route))),
        "all routes");

    /// <summary>
    /// Sends many requests. A request that waits too long for a connection gets the documented error. No other status is allowed.
    /// </summary>
    private static Task SendManyAsync(RouteGroups groups) => Task.WhenAll(Enumerable.Range(0, RequestCount).Select(async number =>
    {
        var group = groups.All[number % groups.All.Count];
        var answer = await group.SendAsync();
        (answer.StatusCode == group.ExpectedStatus || answer.StatusCode == group.UnavailableStatus)
            .ShouldBeTrue($"{group.Route}: {answer.StatusCode}");
    }));
}
