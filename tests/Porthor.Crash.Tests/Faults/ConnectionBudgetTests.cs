using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Crash.Tests.Faults;

/// <summary>The number of connections to the stores has a limit that does not depend on the number of requests.</summary>
public sealed class ConnectionBudgetTests
{
    private const int Crowd = 300;

    [Fact]
    public async Task A_node_opens_the_configured_connections_to_PostgreSQL_and_one_to_each_Redis_database()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var server = await TestServer.StartAsync(
            Mode.Cluster, settings => RouteGroups.Configure(settings) with { DatabaseConnections = 3 });
        var groups = await RouteGroups.OfAsync(server);
        await EachOnceAsync(groups);
        var postgres = await RealServers.Instance.PostgresAsync();
        await using var redis = await (await RealServers.Instance.RedisAsync()).ConnectAsync();
        var (persistent, ephemeral) = (
            server.Deployment.Settings.PersistentRedis!.Database, server.Deployment.Settings.EphemeralRedis!.Database);
        var asked = AskAsync(groups);
        var (mostSql, mostRedis, looks) = (0, 0, 0);
        do
        {
            var sql = await postgres.QueryAsync(
                "postgres", $"SELECT count(*) FROM pg_stat_activity WHERE datname = '{server.Deployment.DatabaseName}'");
            mostSql = Math.Max(mostSql, int.Parse(sql[0][0]!));
            var clients = await redis.GetServers()[0].ClientListAsync();
            mostRedis = Math.Max(mostRedis, clients.Count(
                client => client.Name == "porthor" && (client.Database == persistent || client.Database == ephemeral)));
            looks++;
        }
        while (!asked.IsCompleted);
        await asked;
        looks.ShouldBeGreaterThan(3);
        mostSql.ShouldBeInRange(1, 3);
        mostRedis.ShouldBeInRange(1, 2);
    }

    [Fact]
    public async Task The_number_of_open_database_files_is_limited()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded, RouteGroups.Configure);
        var groups = await RouteGroups.OfAsync(server);
        await EachOnceAsync(groups);
        // Long lists, so that new readers arrive before earlier ones have finished.
        var reader = await server.Tokens.SessionForAsync("reader", "user:token");
        for (var number = 0; number < 300; number++)
            await server.Tokens.CreateUserTokenAsync(reader, "reader", new UserTokenRequest($"{number}", ScopeSet.Empty, null));
        var asked = Task.WhenAll(AskAsync(groups), Task.WhenAll(Enumerable.Range(0, Crowd).Select(async _ =>
            (await server.GetAsync("/auth/api/v1/users/reader/tokens", TestServer.Bearer(reader.Record.Token)))
                .StatusCode.ShouldBeOneOf(200, 503))));
        var most = 0;
        do
        {
            // The server runs in this process.
            most = Math.Max(most, Directory.GetFiles("/proc/self/fd").Count(
                fd => new FileInfo(fd).LinkTarget == server.Core.DataDirectory!.DatabasePath));
            await Task.Yield();
        }
        while (!asked.IsCompleted);
        await asked;
        // One writer, eight readers of lists, and at most one reader of records for each running thread.
        most.ShouldBeInRange(2, 1 + 8 + 32);
    }

    /// <summary>Sends each request once, so that requests find the state that others create.</summary>
    private static Task EachOnceAsync(RouteGroups groups) => RealServers.UntilAsync(
        () => Task.WhenAll(groups.All.Select(async group => (await group.AskAsync()).StatusCode.ShouldBe(group.Usual, group.Route))),
        "all routes");

    /// <summary>
    /// Sends many requests. A request that waits too long for a connection gets the documented error and no other status.
    /// </summary>
    private static Task AskAsync(RouteGroups groups) => Task.WhenAll(Enumerable.Range(0, Crowd).Select(async number =>
    {
        var group = groups.All[number % groups.All.Count];
        var answer = await group.AskAsync();
        (answer.StatusCode == group.Usual || answer.StatusCode == group.Away).ShouldBeTrue($"{group.Route}: {answer.StatusCode}");
    }));
}
