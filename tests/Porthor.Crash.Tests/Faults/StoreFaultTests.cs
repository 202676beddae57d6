using System.Diagnostics;
using Porthor.Testing;

namespace Porthor.Crash.Tests.Faults;

/// <summary>
/// Whatever ails the wire to a store: each route answers in time, what needs the store with 503 and nothing else, what does not need it as
/// ever; and a second after the fault is gone all are well again.
/// </summary>
public abstract class StoreFaultTests(ITestOutputHelper output)
{
    /// <summary>Of a machine that is busy with other tests.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);

    /// <summary>A busy machine holds up many answers, but hardly all of them, nor for long.</summary>
    internal static readonly TimeSpan ShortSlack = TimeSpan.FromMilliseconds(900);

    /// <summary>How many ask the same; there are 20 connections to PostgreSQL.</summary>
    private const int Crowd = 2;

    public static TheoryData<NetworkFault> Ailments => [.. Enum.GetValues<NetworkFault>()];

    private protected async Task SurvivesAsync(Mode mode, Store ailing, NetworkFault ailment)
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var tokenIndex = new FaultyWire((await RealServers.Instance.PostgresAsync()).Port);
        await using var recordStore = new FaultyWire((await RealServers.Instance.RedisAsync()).Port);
        await using var server = await TestServer.StartAsync(mode, settings => RouteGroups.Configure(settings).Through(tokenIndex) with
        {
            PersistentRedis = settings.PersistentRedis is { } redis ? redis with { Port = recordStore.Port } : null,
        });
        var groups = await RouteGroups.OfAsync(server);
        // Until connections are made, and what is remembered is remembered.
        await RealServers.UntilAsync(
            () => Task.WhenAll(groups.All.Select(async group => (await group.AskAsync()).StatusCode.ShouldBe(group.Usual, group.Route))), "all routes");

        var wire = ailing == Store.RecordStore ? recordStore : tokenIndex;
        ailment.Begin(wire);
        // A crowd, so that whatever there is of threads and connections is wanted by those who wait.
        var answers = await Task.WhenAll(groups.All.SelectMany(group => Enumerable.Range(0, Crowd).Select(async _ => (Group: group, Took: await AskAsync(group, ailing, ailment)))));
        foreach (var group in answers.Where(answer => (answer.Group.Needs & ailing) != Store.None).GroupBy(answer => answer.Group))
            group.Min(answer => answer.Took).ShouldBeLessThan(group.Key.Bound + ShortSlack, $"the first of those who asked for {group.Key}");

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
        output.WriteLine($"{group.Route}: as ever {Stopwatch.GetElapsedTime(healed).TotalMilliseconds:F0} ms after the fault");
    }

    private async Task<TimeSpan> AskAsync(RouteGroup group, Store ailing, NetworkFault ailment)
    {
        var begun = Stopwatch.GetTimestamp();
        var answer = await group.AskAsync();
        var took = Stopwatch.GetElapsedTime(begun);
        output.WriteLine($"{group.Route}: {answer.StatusCode} after {took.TotalMilliseconds:F0} ms");
        if ((group.Needs & ailing) == Store.None)
            answer.StatusCode.ShouldBe(group.Usual, group.Route);
        else if (ailment is NetworkFault.Reset or NetworkFault.HalfOpen)
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
    [MemberData(nameof(Ailments))]
    public Task However_the_token_index_ails_every_route_answers_in_time_and_recovers_within_a_second(NetworkFault ailment) => SurvivesAsync(Mode.Cluster, Store.TokenIndex, ailment);
}

public sealed class RecordStoreFaultTests(ITestOutputHelper output) : StoreFaultTests(output)
{
    [Theory]
    [MemberData(nameof(Ailments))]
    public Task However_the_record_store_ails_every_route_answers_in_time_and_recovers_within_a_second(NetworkFault ailment) => SurvivesAsync(Mode.Cluster, Store.RecordStore, ailment);
}

/// <summary>Where the records are in the token index's database, it is both.</summary>
public sealed class DatabaseFaultTests(ITestOutputHelper output) : StoreFaultTests(output)
{
    [Theory]
    [MemberData(nameof(Ailments))]
    public Task However_the_database_ails_every_route_answers_in_time_and_recovers_within_a_second(NetworkFault ailment) => SurvivesAsync(Mode.Database, Store.Both, ailment);
}
