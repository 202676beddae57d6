using Porthor.History;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.StoreContracts;

public sealed partial class TokenIndexTests
{
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
}
