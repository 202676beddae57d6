using CsCheck;
using Porthor.History;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Tests.History;

/// <summary>Cursors between pages of history (contract/storage.md 2.6). The part of WEAK-07 about cursors.</summary>
public sealed class HistoryCursorTests
{
    [Theory]
    [InlineData("1700000000_17", 1_700_000_000, 17, false)]
    [InlineData("p1700000000_17", 1_700_000_000, 17, true)]
    [InlineData("0_0", 0, 0, false)]
    [InlineData("253402300799_2147483647", 253_402_300_799, int.MaxValue, false)]
    public void A_cursor_is_read_and_written(string text, long seconds, long id, bool backward)
    {
        var cursor = HistoryCursor.Parse(text);
        cursor.ShouldBe(new HistoryCursor(DateTimeOffset.FromUnixTimeSeconds(seconds), id, backward));
        $"{cursor}".ShouldBe(text);
    }

    [Fact]
    public void Every_cursor_is_read_as_it_was_written() =>
        Gen.Select(Gen.Long[0, 253_402_300_799], Gen.Int[0, int.MaxValue], Gen.Bool, (seconds, id, backward) =>
            new HistoryCursor(DateTimeOffset.FromUnixTimeSeconds(seconds), id, backward))
            .Sample(cursor => HistoryCursor.Parse(cursor.ToString()) == cursor);

    [Theory]
    [InlineData("00000_00000", "0_0")]
    [InlineData("p0001700000000_0017", "p1700000000_17")]
    public void Leading_zeros_are_ignored(string text, string written) => $"{HistoryCursor.Parse(text)}".ShouldBe(written);

    [Theory]
    [InlineData("253402300800_1", "timestamp out of range")]
    [InlineData("p253402300800_1", "timestamp out of range")]
    [InlineData("99999999999999999999999999999999999999_1", "timestamp out of range")]
    [InlineData("1_2147483648", "row out of range")]
    [InlineData("1_9223372036854775808", "row out of range")]
    [InlineData("p1_99999999999999999999999999999999999999", "row out of range")]
    public void A_cursor_out_of_range_is_rejected(string text, string reason) =>
        Should.Throw<PorthorException>(() => HistoryCursor.Parse(text)).Error
            .ShouldBe(new PorthorError(ErrorKind.InvalidCursor, $"Cannot parse cursor: {reason}"));

    [Fact]
    public void A_cursor_reversed_twice_is_unchanged()
    {
        var cursor = HistoryCursor.Parse("1700000000_17");
        $"{cursor.Reversed()}".ShouldBe("p1700000000_17");
        cursor.Reversed().Reversed().ShouldBe(cursor);
    }

    /// <summary>A fraction of a second, which rows of older versions can have, is dropped: a cursor with it could not be read.</summary>
    [Fact]
    public void A_cursor_contains_the_time_and_number_of_a_change()
    {
        var change = new TokenChange
        {
            Id = 42,
            Token = new TokenKey("bw_8mMVP4tq1pLvRnCjEog"),
            Username = "some-user",
            TokenType = TokenType.Session,
            Scopes = ScopeSet.Empty,
            Actor = "some-user",
            Action = ChangeAction.Create,
            EventTime = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_750),
        };
        $"{HistoryCursor.At(change)}".ShouldBe("1700000000_42");
        $"{HistoryCursor.At(change, backward: true)}".ShouldBe("p1700000000_42");
    }

    [Theory]
    [InlineData(ChangeAction.Create, "create")]
    [InlineData(ChangeAction.Revoke, "revoke")]
    [InlineData(ChangeAction.Expire, "expire")]
    [InlineData(ChangeAction.Edit, "edit")]
    public void Every_change_has_its_name(ChangeAction action, string name)
    {
        action.ToText().ShouldBe(name);
        ChangeActions.Parse(name).ShouldBe(action);
        Should.Throw<FormatException>(() => ChangeActions.Parse(name.ToUpperInvariant()));
    }
}
