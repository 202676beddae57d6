using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.StoreContracts;

public sealed partial class TokenIndexTests
{
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
}
