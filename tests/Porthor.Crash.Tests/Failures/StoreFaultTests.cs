using System.Diagnostics;
using Porthor.Testing;

namespace Porthor.Crash.Tests.Failures;

/// <summary>
/// Injects network failures between the server and a store. Each route answers in time: with 503 if it needs the store, and as usual if it
/// does not. One second after the end of the failure all routes work again.
/// </summary>
public abstract class StoreFaultTests(ITestOutputHelper output)
{
    /// <summary>Additional time for a machine that is busy with other tests.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    /// <summary>Additional time for the fastest of many responses: a busy machine delays many responses, but rarely all of them.</summary>
    internal static readonly TimeSpan ShortTolerance = TimeSpan.FromMilliseconds(900);

    /// <summary>The number of equal concurrent requests. There are 20 connections to PostgreSQL.</summary>
    private const int Concurrency = 2;

    public static TheoryData<NetworkFault> NetworkFaults => [.. Enum.GetValues<NetworkFault>()];

    private protected async Task CheckAsync(Mode mode, Store failing, NetworkFault fault)
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var tokenIndex = new FaultInjectingProxy((await RealServers.Instance.PostgresAsync()).Port);
        await using var recordStore = new FaultInjectingProxy((await RealServers.Instance.RedisAsync()).Port);
        await using var server = await TestServer.StartAsync(mode, settings => RouteGroups.Configure(settings).Through(tokenIndex) with
        {
            PersistentRedis = settings.PersistentRedis is { } redis ? redis with { Port = recordStore.Port } : null,
        });
        var groups = await RouteGroups.CreateAsync(server);
        // Opens connections and fills caches.
        await RealServers.WaitUntilAsync(
            () => Task.WhenAll(groups.All.Select(
                async group => (await group.SendAsync()).StatusCode.ShouldBe(group.ExpectedStatus, group.Route))),
            "all routes");

        var wire = failing == Store.RecordStore ? recordStore : tokenIndex;
        fault.Begin(wire);
        // Sends the requests concurrently, so that waiting requests use all threads and connections.
        var answers = await Task.WhenAll(groups.All.SelectMany(
            group => Enumerable.Range(0, Concurrency)
            .Select(async _ => (Group: group, Duration: await SendRequestAsync(group, failing, fault)))));
        foreach (var group in answers.Where(answer => (answer.Group.Needs & failing) != Store.None).GroupBy(answer => answer.Group))
            group.Min(answer => answer.Duration)
                .ShouldBeLessThan(group.Key.TimeLimit + ShortTolerance, $"the fastest response of {group.Key}");

        wire.RemoveFailures();
        var healed = Stopwatch.GetTimestamp();
        await Task.WhenAll(groups.All.Select(group => RecoverAsync(group, healed)));
        var recovered = Stopwatch.GetElapsedTime(healed);
        output.WriteLine($"recovered after {recovered.TotalMilliseconds:F0} ms");
        recovered.ShouldBeLessThan(TimeSpan.FromSeconds(1) + ShortTolerance);
    }

    private async Task RecoverAsync(RouteGroup group, long healed)
    {
        await RealServers.WaitUntilAsync(
            async () => (await group.SendAsync()).StatusCode.ShouldBe(group.ExpectedStatus, group.Route), group.Route);
        output.WriteLine($"{group.Route}: recovered {Stopwatch.GetElapsedTime(healed).TotalMilliseconds:F0} ms after the failure");
    }

    private async Task<TimeSpan> SendRequestAsync(RouteGroup group, Store failing, NetworkFault fault)
    {
        var begun = Stopwatch.GetTimestamp();
        var answer = await group.SendAsync();
        var duration = Stopwatch.GetElapsedTime(begun);
        output.WriteLine($"{group.Route}: {answer.StatusCode} after {duration.TotalMilliseconds:F0} ms");
        if ((group.Needs & failing) == Store.None)
            answer.StatusCode.ShouldBe(group.ExpectedStatus, group.Route);
        else if (fault is NetworkFault.Reset or NetworkFault.HalfOpen)
            answer.StatusCode.ShouldBeOneOf(group.ExpectedStatus, group.UnavailableStatus);
        else
            answer.StatusCode.ShouldBe(group.UnavailableStatus, group.Route);
        duration.ShouldBeLessThan(group.TimeLimit + Tolerance, group.Route);
        return duration;
    }
}

public sealed class TokenIndexFaultTests(ITestOutputHelper output) : StoreFaultTests(output)
{
    [Theory]
    [MemberData(nameof(NetworkFaults))]
    public Task Every_route_answers_in_time_when_the_token_index_fails_and_recovers_within_a_second(NetworkFault fault) =>
        CheckAsync(Mode.Cluster, Store.TokenIndex, fault);
}

public sealed class RecordStoreFaultTests(ITestOutputHelper output) : StoreFaultTests(output)
{
    [Theory]
    [MemberData(nameof(NetworkFaults))]
    public Task Every_route_answers_in_time_when_the_record_store_fails_and_recovers_within_a_second(NetworkFault fault) =>
        CheckAsync(Mode.Cluster, Store.RecordStore, fault);
}

/// <summary>In database mode the token index's database also contains the records.</summary>
public sealed class DatabaseFaultTests(ITestOutputHelper output) : StoreFaultTests(output)
{
    [Theory]
    [MemberData(nameof(NetworkFaults))]
    public Task Every_route_answers_in_time_when_the_database_fails_and_recovers_within_a_second(NetworkFault fault) =>
        CheckAsync(Mode.Database, Store.Both, fault);
}
