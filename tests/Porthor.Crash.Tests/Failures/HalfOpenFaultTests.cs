using System.Diagnostics;
using Porthor.Testing;

namespace Porthor.Crash.Tests.Failures;

/// <summary>Half-open connections are detected without requests, so that no later request fails because of them.</summary>
public sealed class HalfOpenFaultTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task Half_open_connections_are_closed_within_a_second_without_requests(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var tokenIndex = new FaultInjectingProxy((await RealServers.Instance.PostgresAsync()).Port);
        await using var recordStore = new FaultInjectingProxy((await RealServers.Instance.RedisAsync()).Port);
        await using var server = await TestServer.StartAsync(mode, settings =>
        {
            var configured = RouteGroups.Configure(settings).Through(tokenIndex);
            return configured with
            {
                PersistentRedis = settings.PersistentRedis is { } redis ? redis with { Port = recordStore.Port } : null,
                // With usage events enabled, their periodic write would wait until its timeout, as a request would.
                Usage = configured.Usage with { Enabled = false },
            };
        });
        var groups = await RouteGroups.CreateAsync(server);
        await AllShouldSucceedAsync(groups);
        await RealServers.WaitUntilAsync(() => ShouldBe(tokenIndex.Connections > 5), "many connections");

        foreach (var wire in (FaultInjectingProxy[])[tokenIndex, recordStore])
            wire.MakeHalfOpen();
        var begun = Stopwatch.GetTimestamp();
        await RealServers.WaitUntilAsync(
            () => ShouldBe(tokenIndex.HalfOpenConnections + recordStore.HalfOpenConnections == 0), "the end of half-open connections");
        output.WriteLine($"closed after {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:F0} ms");
        await AllShouldSucceedAsync(groups);
        var recovered = Stopwatch.GetElapsedTime(begun);
        output.WriteLine($"recovered {recovered.TotalMilliseconds:F0} ms after the failure began");
        recovered.ShouldBeLessThan(TimeSpan.FromSeconds(1) + StoreFaultTests.ShortTolerance);
    }

    private static Task ShouldBe(bool condition)
    {
        condition.ShouldBeTrue();
        return Task.CompletedTask;
    }

    /// <summary>Sends all requests except for those that read usage events, which are disabled here.</summary>
    private static Task AllShouldSucceedAsync(RouteGroups groups) => Task.WhenAll(
        groups.All.Where(group => !group.Route.EndsWith("/auth-history", StringComparison.Ordinal)).Select(
            group => RealServers.WaitUntilAsync(
        async () => (await group.SendAsync()).StatusCode.ShouldBe(group.ExpectedStatus, group.Route), group.Route)));
}
