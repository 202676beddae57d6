using Porthor.Identity;
using Porthor.Testing;

namespace Porthor.Storage.Tests.Promises;

/// <summary>What every store of numbers promises: a name has one, a number has one owner, and none is given out twice.</summary>
public sealed class IdTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, EveryMode]
    public async Task Nodes_that_number_at_once_follow_one_another(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        // 40 connections begin at the same moment, which can take longer than usual on a busy machine.
        deployment.Settings = deployment.Settings with { AnswerTimeout = TimeSpan.FromSeconds(30) };
        IIdStore[] nodes = [(await deployment.OpenNodeAsync()).Sql.Ids, (await deployment.OpenNodeAsync()).Sql.Ids];
        var asked = Enumerable.Range(0, 60).SelectMany(i => nodes.Select(async node => (
            Name: $"user-{i % 20}x",
            Assigned: await node.AssignAsync(IdKind.User, $"user-{i % 20}x", IdRange.Users, Stop))));
        var given = await Task.WhenAll(asked);

        // Each name the same number by whomever; each number new to one of them; no gaps.
        given.GroupBy(one => one.Name).ShouldAllBe(ofName => ofName.Select(one => one.Assigned.Id).Distinct().Count() == 1);
        given.Where(one => one.Assigned.IsNew).Select(one => one.Assigned.Id).Order().ShouldBe(Enumerable.Range(3_000_000, 20).Select(id => (long)id));
    }

    [Theory, EveryMode]
    public async Task Users_bots_and_groups_are_numbered_apart(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        IIdStore ids = (await deployment.OpenNodeAsync()).Sql.Ids;
        async Task<long> User(string name) => (await ids.AssignAsync(IdKind.User, name, IdRange.OfUser(name), Stop)).Id;
        (await User("alice")).ShouldBe(3_000_000);
        (await User("bot-alice")).ShouldBe(100_000);
        (await ids.AssignAsync(IdKind.Group, "alice", IdRange.Groups, Stop)).ShouldBe(new AssignedId(2_000_000, IsNew: true));
        (await User("robot")).ShouldBe(3_000_001);
        (await ids.FindAsync(IdKind.User, "alice", Stop)).ShouldBe(3_000_000);
        // Names are told apart by every letter, as the databases may not.
        (await ids.FindAsync(IdKind.Group, "Alice", Stop)).ShouldBeNull();
        (await ids.AssignAsync(IdKind.Group, "Alice", IdRange.Groups, Stop)).Id.ShouldBe(2_000_001);
        (await ids.FindAsync(IdKind.User, "nobody", Stop)).ShouldBeNull();
    }

    [Theory, EveryMode]
    public async Task Emptying_the_stores_gives_no_number_back(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        (await node.Sql.Ids.AssignAsync(IdKind.User, "before", IdRange.Users, Stop)).Id.ShouldBe(3_000_000);
        await node.Sql.Schema.DeleteAllDataAsync(Stop);
        (await node.Sql.Ids.AssignAsync(IdKind.User, "after", IdRange.Users, Stop)).Id.ShouldBe(3_000_001);
        (await node.Sql.Ids.FindAsync(IdKind.User, "before", Stop)).ShouldBe(3_000_000);
    }
}
