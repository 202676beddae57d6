using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Races;

/// <summary>
/// A revocation makes tokens invalid before it waits for the locks of descendants, and revokes descendants that are created while it waits.
/// </summary>
public sealed class EarlyRevocationTests
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_revocation_applies_before_it_waits_for_locks_and_includes_new_descendants()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster);
        var node = await deployment.OpenNodeAsync();
        var session = await node.Tokens.SessionForAsync("some-user", "read:all,user:token");
        var child = await node.Tokens.GetInternalTokenAsync(session, "tap", ScopeSet.Of("read:all"));
        var grandchild = (await node.Sql.TokenIndex.GetAsync(child.Key, Cancellation))! with
        {
            Token = Token.Create().Key,
            Parent = child.Key,
            Service = "sia"
        };

        // Another transaction is creating a child of the child and holds its row lock.
        await using var creation = await node.Sql.TokenIndex.BeginAsync(TimeLimit, Cancellation);
        (await creation.LockParentAsync(child.Key, Cancellation)).ShouldNotBeNull();
        var revoking = node.Tokens.DeleteTokenAsync(session.Record.Token.Key, session, "some-user", Cancellation);

        // Both tokens are already invalid while the revocation waits.
        await RealServers.WaitUntilAsync(async () => (await node.Tokens.GetDataAsync(child)).ShouldBeNull(), "the revocation of the child");
        await RealServers.WaitUntilAsync(
            async () => (await node.Tokens.GetDataAsync(session.Record.Token)).ShouldBeNull(), "the revocation of its parent");
        revoking.IsCompleted.ShouldBeFalse();

        // The grandchild is created. When the revocation is acknowledged, the grandchild is revoked too.
        creation.Insert(grandchild);
        await creation.FlushAsync(Cancellation);
        (await node.RecordStore.Within(creation).CreateAsync(
            grandchild.Token, new EncryptedRecord([1, 2, 3]), grandchild.Expires, Cancellation))
            .ShouldBeTrue();
        await creation.CommitAsync(Cancellation);
        (await revoking).ShouldBeTrue();
        (await node.RecordStore.GetAsync(grandchild.Token, known: null, Cancellation)).ShouldBeNull();
        (await node.Sql.TokenIndex.GetAsync(grandchild.Token, Cancellation)).ShouldBeNull();
    }
}
