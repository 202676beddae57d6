using System.Text;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Storage.Tests.StoreContracts;

/// <summary>The requirements on every record store, tested with SQLite, PostgreSQL and Redis.</summary>
public sealed partial class RecordStoreTests
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(5);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, EveryMode]
    public async Task A_record_is_read_unchanged_and_others_are_absent(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var (key, record) = (Key(), Record("gAAAAA-first_=="));
        (await ChangeAsync(node, recordStore => recordStore.CreateAsync(key, record, InAnHour(), Cancellation))).ShouldBeTrue();

        (await node.RecordStore.GetAsync(key, Cancellation)).ShouldBe(record);
        (await node.RecordStore.GetAsync(Key(), Cancellation)).ShouldBeNull();
        // A read of several keys returns only existing records. Keys are case-sensitive.
        var otherCase = new TokenKey(SwapCase(key.Value));
        (await node.RecordStore.GetAsync([key, otherCase, Key()], Cancellation)).Keys.ShouldBe([key]);
        (await node.RecordStore.GetAsync(otherCase, Cancellation)).ShouldBeNull();
    }

    [Theory, EveryMode]
    public async Task A_key_is_written_once(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var (key, first) = (Key(), Record("first"));
        await ChangeAsync(node, recordStore => recordStore.CreateAsync(key, first, expires: null, Cancellation));
        var again = () => ChangeAsync(node, recordStore => recordStore.CreateAsync(key, Record("second"), expires: null, Cancellation));
        if (node.RecordStore.IsTransactional)
            await Should.ThrowAsync<StoreUnavailableException>(again);
        else
            (await again()).ShouldBeFalse();
        (await node.RecordStore.GetAsync(key, Cancellation)).ShouldBe(first);
    }

    [Theory, EveryMode]
    public async Task A_record_is_replaced_only_if_it_is_unchanged_since_it_was_read(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var (key, first, second) = (Key(), Record("first"), Record("second"));
        await ChangeAsync(node, recordStore => recordStore.CreateAsync(key, first, InAnHour(), Cancellation));

        (await ChangeAsync(node, recordStore => recordStore.ReplaceAsync(key, second, Record("late"), InAnHour(), Cancellation)))
            .ShouldBeFalse();
        (await node.RecordStore.GetAsync(key, Cancellation)).ShouldBe(first);
        (await ChangeAsync(node, recordStore => recordStore.ReplaceAsync(key, first, second, InAnHour(), Cancellation))).ShouldBeTrue();
        (await node.RecordStore.GetAsync(key, Cancellation)).ShouldBe(second);
        // The same write again, as after a lost response, does nothing.
        (await ChangeAsync(node, recordStore => recordStore.ReplaceAsync(key, first, second, InAnHour(), Cancellation))).ShouldBeFalse();

        // A replacement does not create a missing record.
        var absent = Key();
        (await ChangeAsync(node, recordStore => recordStore.ReplaceAsync(absent, first, second, InAnHour(), Cancellation))).ShouldBeFalse();
        (await node.RecordStore.GetAsync(absent, Cancellation)).ShouldBeNull();
    }

    [Theory, EveryMode]
    public async Task A_deleted_record_is_absent_and_can_be_deleted_again(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        TokenKey[] keys = [Key(), Key(), Key()];
        foreach (var key in keys)
            await ChangeAsync(node, recordStore => recordStore.CreateAsync(key, Record(key.Value), InAnHour(), Cancellation));
        for (var i = 0; i < 2; i++)
        {
            await ChangeAsync(node, async recordStore =>
            {
                await recordStore.DeleteAsync([keys[0], keys[1]], Cancellation);
                return true;
            });
        }
        (await node.RecordStore.GetAsync(keys, Cancellation)).Keys.ShouldBe([keys[2]]);
    }

    [Theory, EveryMode]
    public async Task A_scan_returns_every_record_and_a_deletion_of_all_returns_their_number(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var keys = Enumerable.Range(0, 2500).Select(_ => Key()).ToHashSet();
        await ChangeAsync(node, async recordStore =>
        {
            foreach (var key in keys)
                await recordStore.CreateAsync(key, Record("one of many"), InAnHour(), Cancellation);
            return true;
        });
        HashSet<TokenKey> scanned = [];
        await foreach (var batch in node.RecordStore.ScanAsync(Cancellation))
        {
            batch.Count.ShouldBeInRange(1, 2500 - 1, "a batch is bounded");
            scanned.UnionWith(batch);
        }
        scanned.SetEquals(keys).ShouldBeTrue();

        (await node.RecordStore.DeleteAllAsync(Cancellation)).ShouldBe(keys.Count);
        (await node.RecordStore.GetAsync(keys, Cancellation)).ShouldBeEmpty();
        (await node.RecordStore.DeleteAllAsync(Cancellation)).ShouldBe(0);
    }

    /// <summary>If the records are in the token index's database, a rollback undoes record changes too.</summary>
    [Theory, EveryMode]
    public async Task A_rollback_undoes_the_writes_of_a_transactional_record_store(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        node.RecordStore.IsTransactional.ShouldBe(mode != Mode.Cluster);
        var key = Key();
        await using (var transaction = await node.Sql.TokenIndex.BeginAsync(TimeLimit, Cancellation))
        {
            await node.RecordStore.Within(transaction).CreateAsync(key, Record("undone"), InAnHour(), Cancellation);
            await transaction.FlushAsync(Cancellation);
        }
        (await node.RecordStore.GetAsync(key, Cancellation)).HasValue.ShouldBe(mode == Mode.Cluster);
    }

    private static async Task<bool> ChangeAsync(PorthorDeployment node, Func<IRecordStoreSession, Task<bool>> change)
    {
        await using var transaction = await node.Sql.TokenIndex.BeginAsync(TimeLimit, Cancellation);
        var result = await change(node.RecordStore.Within(transaction));
        await transaction.FlushAsync(Cancellation);
        await transaction.CommitAsync(Cancellation);
        return result;
    }

    private static TokenKey Key() => Token.Create().Key;

    private static EncryptedRecord Record(string text) => new(Encoding.ASCII.GetBytes(text));

    private static DateTimeOffset InAnHour() => DateTimeOffset.UtcNow.AddHours(1);

    private static string SwapCase(string text) =>
        string.Concat(text.Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c)));
}
