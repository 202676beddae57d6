using System.Net;
using Porthor.History;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.StoreContracts;

/// <summary>The requirements on every token index, tested with the real databases.</summary>
public sealed partial class TokenIndexTests
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
        var child = Row("user") with
        {
            TokenType = TokenType.Internal,
            TokenName = null,
            Service = "tap",
            Parent = parent.Token,
            Expires = Noon.AddHours(1)
        };
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
