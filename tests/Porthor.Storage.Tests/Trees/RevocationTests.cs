using Porthor.History;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Trees;

/// <summary>The history entries and the database round trips of a revocation.</summary>
public sealed class RevocationTests
{
    /// <summary>The deepest generation comes first. Within a generation the order is by creation, and then by key.</summary>
    [Theory, EveryMode]
    public async Task History_lists_the_children_of_a_generation_in_the_order_of_creation(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user", "read:all,user:token");
        List<TokenKey> children = [], grandchildren = [];
        for (var i = 0; i < 6; i++)
        {
            operations.Clock.Advance(TimeSpan.FromSeconds(1));
            var child = await operations.Tokens.GetInternalTokenAsync(session, $"child{i}", ScopeSet.Of("read:all"));
            children.Add(child.Key);
            operations.Clock.Advance(TimeSpan.FromSeconds(1));
            grandchildren.Add(
                (await operations.Tokens.GetInternalTokenAsync(await operations.Tokens.CallerAsync(child), "below", ScopeSet.Empty)).Key);
        }
        // Children that are created in the same second.
        operations.Clock.Advance(TimeSpan.FromSeconds(1));
        List<TokenKey> sameSecond = [];
        for (var i = 6; i < 10; i++)
            sameSecond.Add((await operations.Tokens.GetInternalTokenAsync(session, $"child{i}", ScopeSet.Of("read:all"))).Key);

        (await operations.Tokens.DeleteTokenAsync(session.Record.Token.Key, session, "some-user")).ShouldBeTrue();
        var revoked = (await operations.HistoryAsync("some-user"))
            .Where(change => change.Action == ChangeAction.Revoke).Select(change => change.Token).Reverse().ToList();
        revoked.ShouldBe([.. grandchildren, .. children, .. sameSecond.Order(), session.Record.Token.Key]);
    }

    /// <summary>
    /// The round trips read the row, lock it, read the children, and write. Their number is the same in every mode with PostgreSQL.
    /// </summary>
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task A_token_without_children_is_revoked_in_four_round_trips_to_PostgreSQL(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var wire = new FaultInjectingProxy((await RealServers.Instance.PostgresAsync()).Port);
        // The long timeout disables the heartbeat's queries on these connections.
        deployment.Settings = deployment.Settings.Through(wire) with { AnswerTimeout = TimeSpan.FromMinutes(5) };
        var node = await deployment.OpenNodeAsync();
        var administrator = TokenBuilders.Administrator(node.Clock);
        // Each connection prepares its statements on first use, so the minimum of several rounds counts.
        var minimum = int.MaxValue;
        for (var round = 0; round < 10; round++)
        {
            var session = await node.Tokens.SessionForAsync("some-user");
            wire.ClearSentData();
            (await node.Tokens.DeleteTokenAsync(session.Record.Token.Key, administrator, "some-user")).ShouldBeTrue();
            minimum = Math.Min(minimum, RoundTrips(wire.SentData));
        }
        minimum.ShouldBe(4);
    }

    /// <summary>Counts Sync messages, which end each round trip: an S and the length 4.</summary>
    private static int RoundTrips(string sent) => sent.Split("S\0\0\0\u0004").Length - 1;
}
