using System.Diagnostics;
using Porthor.Testing;

namespace Porthor.Crash.Tests.Faults;

/// <summary>
/// Injects network failures between the server and a store. Each route answers in time: with 503 if it needs the store, and as usual if it
/// does not. One second after the end of the failure all routes work again.
/// </summary>
public abstract class StoreFaultTests(ITestOutputHelper output)
{
    /// <summary>Additional time for a machine that is busy with other tests.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);

    /// <summary>Additional time for the fastest of many responses: a busy machine delays many responses, but rarely all of them.</summary>
    internal static readonly TimeSpan ShortSlack = TimeSpan.FromMilliseconds(900);

    /// <summary>The number of equal concurrent requests. There are 20 connections to PostgreSQL.</summary>
    private const int Crowd = 2;

    public static TheoryData<NetworkFault> NetworkFaults => [.. Enum.GetValues<NetworkFault>()];

    private protected async Task SurvivesAsync(Mode mode, Store failing, NetworkFault fault)
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var tokenIndex = new FaultyWire((await RealServers.Instance.PostgresAsync()).Port);
        await using var recordStore = new FaultyWire((await RealServers.Instance.RedisAsync()).Port);
        await using var server = await TestServer.StartAsync(mode, settings => RouteGroups.Configure(settings).Through(tokenIndex) with
        {
            PersistentRedis = settings.PersistentRedis is { } redis ? redis with { Port = recordStore.Port } : null,
        });
        var groups = await RouteGroups.OfAsync(server);
        // Opens connections and fills caches.
        await RealServers.UntilAsync(
            () => Task.WhenAll(groups.All.Select(async group => (await group.AskAsync()).StatusCode.ShouldBe(group.Usual, group.Route))),
            "all routes");

        var wire = failing == Store.RecordStore ? recordStore : tokenIndex;
        fault.Begin(wire);
        // Concurrent requests, so that waiting requests use all threads and connections.
        var answers = await Task.WhenAll(groups.All.SelectMany(
            group => Enumerable.Range(0, Crowd).Select(async _ => (Group: group, Took: await AskAsync(group, failing, fault)))));
        foreach (var group in answers.Where(answer => (answer.Group.Needs & failing) != Store.None).GroupBy(answer => answer.Group))
            group.Min(answer => answer.Took).ShouldBeLessThan(group.Key.Bound + ShortSlack, $"the fastest response of {group.Key}");

        wire.Heal();
        var healed = Stopwatch.GetTimestamp();
        await Task.WhenAll(groups.All.Select(group => RecoverAsync(group, healed)));
        var recovered = Stopwatch.GetElapsedTime(healed);
        output.WriteLine($"recovered after {recovered.TotalMilliseconds:F0} ms");
        recovered.ShouldBeLessThan(TimeSpan.FromSeconds(1) + ShortSlack);
    }

    private async Task RecoverAsync(RouteGroup group, long healed)
    {
        await RealServers.UntilAsync(async () => (await group.AskAsync()).StatusCode.ShouldBe(group.Usual, group.Route), group.Route);
        output.WriteLine($"{group.Route}: recovered {Stopwatch.GetElapsedTime(healed).TotalMilliseconds:F0} ms after the failure");
    }

    private async Task<TimeSpan> AskAsync(RouteGroup group, Store failing, NetworkFault fault)
    {
        var begun = Stopwatch.GetTimestamp();
        var answer = await group.AskAsync();
        var took = Stopwatch.GetElapsedTime(begun);
        output.WriteLine($"{group.Route}: {answer.StatusCode} after {took.TotalMilliseconds:F0} ms");
        if ((group.Needs & failing) == Store.None)
            answer.StatusCode.ShouldBe(group.Usual, group.Route);
        else if (fault is NetworkFault.Reset or NetworkFault.HalfOpen)
            answer.StatusCode.ShouldBeOneOf(group.Usual, group.Away);
        else
            answer.StatusCode.ShouldBe(group.Away, group.Route);
        took.ShouldBeLessThan(group.Bound + Slack, group.Route);
        return took;
    }
}

public sealed class TokenIndexFaultTests(ITestOutputHelper output) : StoreFaultTests(output)
{
    [Theory]
    [MemberData(nameof(NetworkFaults))]
    public Task Every_route_answers_in_time_when_the_token_index_fails_and_recovers_within_a_second(NetworkFault fault) =>
        SurvivesAsync(Mode.Cluster, Store.TokenIndex, fault);
}

public sealed class RecordStoreFaultTests(ITestOutputHelper output) : StoreFaultTests(output)
{
    [Theory]
    [MemberData(nameof(NetworkFaults))]
    public Task Every_route_answers_in_time_when_the_record_store_fails_and_recovers_within_a_second(NetworkFault fault) =>
        SurvivesAsync(Mode.Cluster, Store.RecordStore, fault);
}

/// <summary>In database mode the token index's database also contains the records.</summary>
public sealed class DatabaseFaultTests(ITestOutputHelper output) : StoreFaultTests(output)
{
    [Theory]
    [MemberData(nameof(NetworkFaults))]
    public Task Every_route_answers_in_time_when_the_database_fails_and_recovers_within_a_second(NetworkFault fault) =>
        SurvivesAsync(Mode.Database, Store.Both, fault);
}
