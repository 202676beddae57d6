using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Storage.Tests.StoreContracts;

public sealed partial class TokenIndexTests
{
    [Theory, EveryMode]
    public async Task Only_expired_tokens_are_locked_in_batches(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        TokenInfo[] expired = [.. Enumerable.Range(0, 5).Select(_ => Row("user") with { Expires = Noon }).OrderBy(row => row.Token)];
        TokenInfo[] live = [Row("user") with { Expires = Noon.AddSeconds(1) }, Row("user")];
        await InsertAsync(node, [.. expired, .. live]);
        TokenKey[] all = [.. expired.Concat(live).Select(row => row.Token).Order()];
        // Step by step. A step with fewer rows than requested is the last one.
        foreach (var steps in (int[])[1, 3, 6, 7, 8])
        {
            List<TokenKey> found = [];
            TokenKey? after = null;
            for (var walked = 0; walked <= all.Length; walked += steps)
            {
                var part = await node.Sql.TokenIndex.WalkExpiredAsync(Noon, after, steps, Cancellation);
                found.AddRange(part.Keys);
                part.Last.ShouldBe(walked + steps <= all.Length ? all[walked + steps - 1] : null);
                after = part.Last;
            }
            found.ShouldBe(expired.Select(row => row.Token));
        }
        await using var transaction = await node.Sql.TokenIndex.BeginAsync(TimeLimit, Cancellation);
        (await transaction.LockExpiredAsync(Noon, all, Cancellation)).ShouldBe(expired);
        (await transaction.LockExpiredAsync(Noon, [expired[1].Token, live[0].Token], Cancellation)).ShouldBe([expired[1]]);
    }

    /// <summary>Two concurrent transactions, as on two nodes. Not in embedded mode: SQLite has one writer at a time.</summary>
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task The_parent_is_locked_while_a_child_is_created(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var (parent, stale) = (Row("user"), Row("user") with { Expires = Noon });
        await InsertAsync(node, parent, stale);
        await using var creating = await node.Sql.TokenIndex.BeginAsync(TimeLimit, Cancellation);
        (await creating.LockParentAsync(parent.Token, Cancellation)).ShouldBe(new ParentLimits(parent.Scopes, parent.Expires));
        (await creating.LockParentAsync(Token.Create().Key, Cancellation)).ShouldBeNull();

        // Another child can be created at the same time. A revocation waits, at most for its time limit.
        await using (var concurrent = await node.Sql.TokenIndex.BeginAsync(TimeLimit, Cancellation))
            (await concurrent.LockParentAsync(parent.Token, Cancellation)).ShouldNotBeNull();
        await using (var revoking = await node.Sql.TokenIndex.BeginAsync(TimeSpan.FromMilliseconds(200), Cancellation))
            await Should.ThrowAsync<StoreUnavailableException>(() => revoking.LockAsync(parent.Token, Cancellation));

        // Locked rows are skipped by the removal of expired tokens and by LockAvailableAsync.
        await using var locking = await node.Sql.TokenIndex.BeginAsync(TimeLimit, Cancellation);
        await locking.LockAsync(stale.Token, Cancellation);
        await using var expiring = await node.Sql.TokenIndex.BeginAsync(TimeLimit, Cancellation);
        (await expiring.LockExpiredAsync(Noon, [stale.Token], Cancellation)).ShouldBeEmpty();
        (await expiring.LockAvailableAsync([stale.Token, parent.Token], Cancellation)).ShouldBeEmpty();
        await creating.DisposeAsync();
        (await expiring.LockAvailableAsync([stale.Token, parent.Token, Token.Create().Key], Cancellation)).ShouldBe([parent]);
    }

    [Theory, EveryMode]
    public async Task A_claimed_key_cannot_be_claimed_again(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var listed = Row("user");
        await InsertAsync(node, listed);
        var free = Row("user");
        await using (var claiming = await node.Sql.TokenIndex.BeginAsync(TimeLimit, Cancellation))
        {
            (await claiming.ClaimAbsentAsync([free.Token, listed.Token], Cancellation)).ShouldBe([free.Token]);
            await claiming.CommitAsync(Cancellation);
        }
        // The claim leaves no row.
        (await node.Sql.TokenIndex.GetAsync(free.Token, Cancellation)).ShouldBeNull();
        await InsertAsync(node, free);
    }
}
