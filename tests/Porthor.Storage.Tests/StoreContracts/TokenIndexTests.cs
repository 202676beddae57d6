using System.Net;
using Porthor.History;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.StoreContracts;

/// <summary>The requirements on every token index, tested with the real databases.</summary>
public sealed class TokenIndexTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(5);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, EveryMode]
    public async Task A_token_is_read_with_every_field_after_its_commit(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var parent = Row("user") with { TokenType = TokenType.Session, TokenName = null, Expires = Noon.AddDays(1) };
        var child = Row("user") with {
            TokenType = TokenType.Internal, TokenName = null, Service = "tap", Parent = parent.Token, Expires = Noon.AddHours(1) };
        await InsertAsync(node, parent, child);
        (await node.Sql.TokenIndex.GetAsync(parent.Token, Cancellation)).ShouldBe(parent);
        (await node.Sql.TokenIndex.GetAsync(child.Token, Cancellation)).ShouldBe(child);
        (await node.Sql.TokenIndex.GetAsync(Token.Create().Key, Cancellation)).ShouldBeNull();

        // Disposing the transaction without a commit rolls it back.
        var undone = Row("user");
        await using (var transaction = await node.Sql.TokenIndex.BeginAsync(TimeLimit, Cancellation))
        {
            transaction.Insert(undone);
            await transaction.FlushAsync(Cancellation);
        }
        (await node.Sql.TokenIndex.GetAsync(undone.Token, Cancellation)).ShouldBeNull();
        (await node.Sql.TokenIndex.ListedAsync([parent.Token, undone.Token], Cancellation)).ShouldBe([parent.Token]);
    }

    [Theory, EveryMode]
    public async Task Lists_are_newest_first_and_then_by_the_bytes_of_the_key(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        TokenInfo[] rows =
        [
            Row("user", "aaaaaaaaaaaaaaaaaaaaaa"), Row("user", "AAAAAAAAAAAAAAAAAAAAAA"), Row("user", "ZZZZZZZZZZZZZZZZZZZZZZ"),
            Row("user") with { Created = Noon.AddMinutes(1) }, Row("user") with { Created = Noon.AddMinutes(-1) },
        ];
        await InsertAsync(node, [.. rows, Row("other")]);
        // Upper case sorts first, as in the order of bytes.
        var list = await node.Sql.TokenIndex.ListAsync("user", Cancellation);
        list.Select(row => row.Token).ShouldBe([rows[3].Token, rows[1].Token, rows[2].Token, rows[0].Token, rows[4].Token]);
        (await node.Sql.TokenIndex.ListAsync(username: null, Cancellation)).Count.ShouldBe(6);
        (await node.Sql.TokenIndex.ListAsync("User", Cancellation)).ShouldBeEmpty();

        // Reading all tokens in pages is in the order of keys.
        var first = await node.Sql.TokenIndex.ReadAsync(after: null, limit: 4, Cancellation);
        var second = await node.Sql.TokenIndex.ReadAsync(first[^1].Token.Token, limit: 4, Cancellation);
        TokenKey[] walked = [.. first.Concat(second).Select(entry => entry.Token.Token)];
        walked.Length.ShouldBe(6);
        walked.ShouldBe(walked.Order());
    }

    [Theory, EveryMode]
    public async Task A_child_is_found_if_it_matches_and_expires_late_enough(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var parent = Row("user");
        var child = Row("user") with
        {
            TokenType = TokenType.Internal,
            TokenName = null,
            Service = "tap",
            Parent = parent.Token,
            Scopes = ScopeSet.Parse("read:all,read:some"),
            Expires = Noon,
        };
        var endless = Row("user") with { TokenType = TokenType.Notebook, TokenName = null, Parent = parent.Token };
        await InsertAsync(node, parent, child, endless);
        var query = new ChildQuery(parent.Token, TokenType.Internal, "tap", child.Scopes, Noon);
        (await node.Sql.TokenIndex.FindChildAsync(query, Cancellation)).ShouldBe(child.Token);
        (await node.Sql.TokenIndex.FindChildAsync(query with { ExpiresFrom = Noon.AddSeconds(-1) }, Cancellation)).ShouldBe(child.Token);
        ChildQuery[] others =
        [
            query with { ExpiresFrom = Noon.AddSeconds(1) }, query with { Service = "TAP" },
            query with { Scopes = ScopeSet.Parse("read:all") },
            query with { Scopes = ScopeSet.Parse("read:all,read:some,user:token") }, query with { Parent = child.Token },
            new ChildQuery(parent.Token, TokenType.Notebook, Service: null, endless.Scopes, Noon),
        ];
        foreach (var other in others)
            (await node.Sql.TokenIndex.FindChildAsync(other, Cancellation)).ShouldBeNull(other.ToString());
    }

    [Theory, EveryMode]
    public async Task A_user_can_use_a_token_name_only_once(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var named = Row("user") with { TokenName = "laptop" };
        var second = Row("user") with { TokenName = "tower" };
        await InsertAsync(node, named, second);
        var again = await Should.ThrowAsync<PorthorException>(() => InsertAsync(node, Row("user") with { TokenName = "laptop" }));
        again.Error.Kind.ShouldBe(ErrorKind.DuplicateTokenName);
        var renamed = await Should.ThrowAsync<PorthorException>(
            () => ChangeAsync(node, transaction => transaction.Update(second with { TokenName = "laptop" })));
        renamed.Error.Kind.ShouldBe(ErrorKind.DuplicateTokenName);
        // The same name of another user, a name in another case, and a missing name are no conflict.
        await InsertAsync(
            node, Row("other") with { TokenName = "laptop" }, Row("user") with { TokenName = "Laptop" }, Row("user"), Row("user"));
    }

    [Theory, EveryMode]
    public async Task A_change_is_stored_and_children_remain_without_a_deleted_parent(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var parent = Row("user") with { TokenName = "old" };
        var child = Row("user") with { TokenType = TokenType.Notebook, TokenName = null, Parent = parent.Token, Expires = Noon };
        await InsertAsync(node, parent, child);
        var changed = parent with { TokenName = "new", Scopes = ScopeSet.Empty, Expires = Noon.AddDays(3) };
        await ChangeAsync(node, transaction => transaction.Update(changed));
        (await node.Sql.TokenIndex.GetAsync(parent.Token, Cancellation)).ShouldBe(changed);

        await ChangeAsync(node, transaction => transaction.Delete([parent.Token]));
        (await node.Sql.TokenIndex.GetAsync(parent.Token, Cancellation)).ShouldBeNull();
        (await node.Sql.TokenIndex.GetAsync(child.Token, Cancellation)).ShouldBe(child with { Parent = null });
        (await node.Sql.TokenIndex.ReadAsync(after: null, limit: 10, Cancellation)).Single().IsOrphan.ShouldBeTrue();

        // The same for a deletion of several tokens, some of them with their children.
        TokenInfo[] parents = [.. Enumerable.Range(0, 3).Select(_ => Row("user"))];
        TokenInfo[] children = [.. parents.Select(one => Row("user") with { Parent = one.Token })];
        await InsertAsync(node, [.. parents, .. children]);
        await ChangeAsync(node, transaction => transaction.Delete([parents[0].Token, parents[1].Token, children[1].Token]));
        (await node.Sql.TokenIndex.GetAsync(children[0].Token, Cancellation)).ShouldBe(children[0] with { Parent = null });
        (await node.Sql.TokenIndex.GetAsync(children[1].Token, Cancellation)).ShouldBeNull();
        (await node.Sql.TokenIndex.GetAsync(children[2].Token, Cancellation)).ShouldBe(children[2]);
    }

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

    [Theory, EveryMode]
    public async Task Every_filter_finds_and_counts_changes(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var (one, two) = (Row("one"), Row("two") with { TokenType = TokenType.Service });
        TokenChange[] changes =
        [
            Change(one, ChangeAction.Create, "one", "192.0.2.7", 0),
            Change(
                one, ChangeAction.Edit, "admin", "192.0.2.200",
                1) with { OldTokenName = "old", OldScopes = ScopeSet.Empty, OldExpires = Noon, Expires = Noon.AddDays(1) },
            Change(two, ChangeAction.Create, "admin", "2001:db8::1", 2), Change(two, ChangeAction.Expire, "<internal>", address: null, 3),
            Change(
                Row("one") with { Parent = one.Token, TokenName = null, TokenType = TokenType.Internal, Service = "tap" },
                ChangeAction.Create, "one", "198.51.100.1", 3),
        ];
        await ChangeAsync(node, transaction => transaction.Add(changes));

        (HistoryFilter Filter, int[] Found)[] cases =
        [
            (new(), [4, 3, 2, 1, 0]),
            (new() { Username = "one" }, [4, 1, 0]),
            (new() { Actor = "admin" }, [2, 1]),
            (new() { Key = one.Token }, [4, 1, 0]),
            (new() { TokenType = TokenType.Service }, [3, 2]),
            (new() { Since = Noon.AddMinutes(1), Until = Noon.AddMinutes(2) }, [2, 1]),
            (new() { IpAddress = AddressBlock.Parse("192.0.2.7") }, [0]),
            (new() { IpAddress = AddressBlock.Parse("192.0.2.7/32") }, [0]),
            (new() { IpAddress = AddressBlock.Parse("192.0.2.0/25") }, [0]),
            (new() { IpAddress = AddressBlock.Parse("192.0.2.0/24") }, [1, 0]),
            (new() { IpAddress = AddressBlock.Parse("0.0.0.0/0") }, [4, 1, 0]),
            (new() { IpAddress = AddressBlock.Parse("2001:db8::/32") }, [2]),
            (new() { IpAddress = AddressBlock.Parse("::/0") }, [2]),
            (new() { Username = "one", Actor = "one", TokenType = TokenType.Internal }, [4]),
            (new() { Username = "nobody" }, []),
        ];
        foreach (var (filter, found) in cases)
        {
            var rows = await node.Sql.History.ReadAsync(filter, cursor: null, limit: 100, Cancellation);
            rows.Select(row => row with { Id = 0 }).ShouldBe(found.Select(i => changes[i]), filter.ToString());
            (await node.Sql.History.CountAsync(filter, Cancellation)).ShouldBe(found.Length, filter.ToString());
        }

        // The oldest changes are removed first, and no more than the limit.
        (await node.Sql.History.TruncateAsync(Noon.AddMinutes(3), limit: 2, Cancellation)).ShouldBe(2);
        (await node.Sql.History.ReadAsync(new(), cursor: null, limit: 100, Cancellation)).Select(row => row with { Id = 0 })
            .ShouldBe([changes[4], changes[3], changes[2]]);
        (await node.Sql.History.TruncateAsync(Noon.AddMinutes(3), limit: 2, Cancellation)).ShouldBe(1);
        (await node.Sql.History.TruncateAsync(Noon.AddMinutes(3), limit: 2, Cancellation)).ShouldBe(0);
    }

    private static TokenInfo Row(string username, string? key = null)
    {
        var token = key is null ? Token.Create().Key : new TokenKey(key);
        return new TokenInfo
        {
            Token = token,
            Username = username,
            TokenType = TokenType.User,
            TokenName = $"token {token}",
            Scopes = ScopeSet.Parse("read:all"),
            Created = Noon,
        };
    }

    private static TokenChange Change(TokenInfo token, ChangeAction action, string actor, string? address, int minute) =>
        TokenChange.Of(token, action, actor, address is null ? null : IPAddress.Parse(address), Noon.AddMinutes(minute));

    private static Task InsertAsync(PorthorDeployment node, params TokenInfo[] rows) => ChangeAsync(node, transaction =>
    {
        foreach (var row in rows)
            transaction.Insert(row);
    });

    private static async Task ChangeAsync(PorthorDeployment node, Action<ITokenIndexTransaction> change)
    {
        await using var transaction = await node.Sql.TokenIndex.BeginAsync(TimeLimit, Cancellation);
        change(transaction);
        await transaction.CommitAsync(Cancellation);
    }
}
