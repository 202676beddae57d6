using System.Diagnostics;
using Porthor.Testing;

namespace Porthor.Crash.Tests.Faults;

/// <summary>That connections have lost their other end is noticed also while nobody asks for anything; so nobody has to find out for others.</summary>
public sealed class HalfOpenFaultTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task Connections_that_lost_their_other_end_are_given_up_within_a_second_though_nobody_asks(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var tokenIndex = new FaultyWire((await RealServers.Instance.PostgresAsync()).Port);
        await using var recordStore = new FaultyWire((await RealServers.Instance.RedisAsync()).Port);
        await using var server = await TestServer.StartAsync(mode, settings =>
        {
            var configured = RouteGroups.Configure(settings).Through(tokenIndex);
            return configured with
            {
                PersistentRedis = settings.PersistentRedis is { } redis ? redis with { Port = recordStore.Port } : null,
                // What a node writes by itself now and then would wait, like a request, until its time is up.
                Uses = configured.Uses with { Enabled = false },
            };
        });
        var groups = await RouteGroups.OfAsync(server);
        await EachAsEverAsync(groups);
        await RealServers.UntilAsync(() => ShouldBe(tokenIndex.Connections > 5), "many connections");

        foreach (var wire in (FaultyWire[])[tokenIndex, recordStore])
            wire.HalfOpen();
        var begun = Stopwatch.GetTimestamp();
        await RealServers.UntilAsync(() => ShouldBe(tokenIndex.DeadConnections + recordStore.DeadConnections == 0), "the end of dead connections");
        output.WriteLine($"given up after {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:F0} ms");
        await EachAsEverAsync(groups);
        var recovered = Stopwatch.GetElapsedTime(begun);
        output.WriteLine($"as ever {recovered.TotalMilliseconds:F0} ms after the fault began");
        recovered.ShouldBeLessThan(TimeSpan.FromSeconds(1) + StoreFaultTests.ShortSlack);
    }

    private static Task ShouldBe(bool condition)
    {
        condition.ShouldBeTrue();
        return Task.CompletedTask;
    }

    /// <summary>But for the uses, which are not written down here.</summary>
    private static Task EachAsEverAsync(RouteGroups groups) => Task.WhenAll(groups.All.Where(group => !group.Route.EndsWith("/auth-history", StringComparison.Ordinal)).Select(group => RealServers.UntilAsync(
        async () => (await group.AskAsync()).StatusCode.ShouldBe(group.Usual, group.Route), group.Route)));
}
