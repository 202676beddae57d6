using Porthor.Identity;
using Porthor.Testing;

namespace Porthor.Storage.Tests.StoreContracts;

/// <summary>The requirements on every store of numeric IDs: a name has one ID, an ID has one name, and no ID is assigned twice.</summary>
public sealed class IdTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, EveryMode]
    public async Task Concurrent_nodes_assign_consecutive_IDs(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        // 40 connections are opened at the same time, which can take longer than usual on a busy machine.
        deployment.Settings = deployment.Settings.WithLongTimeouts();
        IIdStore[] nodes = [(await deployment.OpenNodeAsync()).Sql.Ids, (await deployment.OpenNodeAsync()).Sql.Ids];
        var assignments = Enumerable.Range(0, 60).SelectMany(i => nodes.Select(async node => (
            Name: $"user-{i % 20}x",
            Assigned: await node.AssignAsync(IdKind.User, $"user-{i % 20}x", IdRange.Users, Cancellation))));
        var assigned = await Task.WhenAll(assignments);

        // Each name got the same ID on all nodes, each ID was new for exactly one of them, and there are no gaps.
        assigned.GroupBy(one => one.Name).ShouldAllBe(group => group.Select(one => one.Assigned.Id).Distinct().Count() == 1);
        assigned.Where(one => one.Assigned.IsNew).Select(one => one.Assigned.Id).Order().ShouldBe(
            Enumerable.Range(3_000_000, 20).Select(id => (long)id));
    }

    [Theory, EveryMode]
    public async Task Users_bots_and_groups_have_separate_IDs(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        IIdStore ids = (await deployment.OpenNodeAsync()).Sql.Ids;
        async Task<long> User(string name) => (await ids.AssignAsync(IdKind.User, name, IdRange.OfUser(name), Cancellation)).Id;
        (await User("alice")).ShouldBe(3_000_000);
        (await User("bot-alice")).ShouldBe(100_000);
        (await ids.AssignAsync(IdKind.Group, "alice", IdRange.Groups, Cancellation)).ShouldBe(new AssignedId(2_000_000, IsNew: true));
        (await User("robot")).ShouldBe(3_000_001);
        (await ids.FindAsync(IdKind.User, "alice", Cancellation)).ShouldBe(3_000_000);
        // Names are case-sensitive, even if the database's collation is not.
        (await ids.FindAsync(IdKind.Group, "Alice", Cancellation)).ShouldBeNull();
        (await ids.AssignAsync(IdKind.Group, "Alice", IdRange.Groups, Cancellation)).Id.ShouldBe(2_000_001);
        (await ids.FindAsync(IdKind.User, "nobody", Cancellation)).ShouldBeNull();
    }

    [Theory, EveryMode]
    public async Task IDs_are_not_reused_after_the_stores_were_emptied(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        (await node.Sql.Ids.AssignAsync(IdKind.User, "before", IdRange.Users, Cancellation)).Id.ShouldBe(3_000_000);
        await node.Sql.Schema.DeleteAllDataAsync(Cancellation);
        (await node.Sql.Ids.AssignAsync(IdKind.User, "after", IdRange.Users, Cancellation)).Id.ShouldBe(3_000_001);
        (await node.Sql.Ids.FindAsync(IdKind.User, "before", Cancellation)).ShouldBe(3_000_000);
    }
}
