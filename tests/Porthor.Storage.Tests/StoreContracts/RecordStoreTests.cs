using System.Text;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Storage.Tests.StoreContracts;

internal static class RecordStoreSessions
{
    /// <summary>Replaces one record. Returns true if it was replaced.</summary>
    public static async Task<bool> ReplaceAsync(
        this IRecordStoreSession recordStore, TokenKey key, EncryptedRecord expected, EncryptedRecord replacement, DateTimeOffset? expires,
        CancellationToken cancellationToken) =>
        (await recordStore.ReplaceAsync([new RecordReplacement(key, expected, replacement, expires)], cancellationToken)).Count == 0;
}

/// <summary>The requirements on every record store, tested with SQLite, PostgreSQL and Redis.</summary>
public sealed class RecordStoreTests
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(5);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, EveryMode]
    public async Task A_record_is_read_unchanged_and_others_are_absent(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var (key, record) = (Key(), Record("gAAAAA-first_=="));
        (await ChangeAsync(node, recordStore => recordStore.CreateAsync(key, record, InAnHour(), Stop))).ShouldBeTrue();

        (await node.RecordStore.GetAsync(key, Stop)).ShouldBe(record);
        (await node.RecordStore.GetAsync(Key(), Stop)).ShouldBeNull();
        // A read of several keys returns only existing records. Keys are case-sensitive.
        var otherCase = new TokenKey(SwapCase(key.Value));
        (await node.RecordStore.GetAsync([key, otherCase, Key()], Stop)).Keys.ShouldBe([key]);
        (await node.RecordStore.GetAsync(otherCase, Stop)).ShouldBeNull();
    }

    [Theory, EveryMode]
    public async Task A_key_is_written_once(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var (key, first) = (Key(), Record("first"));
        await ChangeAsync(node, recordStore => recordStore.CreateAsync(key, first, expires: null, Stop));
        var again = () => ChangeAsync(node, recordStore => recordStore.CreateAsync(key, Record("second"), expires: null, Stop));
        if (node.RecordStore.IsTransactional)
            await Should.ThrowAsync<StoreUnavailableException>(again);
        else
            (await again()).ShouldBeFalse();
        (await node.RecordStore.GetAsync(key, Stop)).ShouldBe(first);
    }

    [Theory, EveryMode]
    public async Task A_record_is_replaced_only_if_it_is_unchanged_since_it_was_read(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var (key, first, second) = (Key(), Record("first"), Record("second"));
        await ChangeAsync(node, recordStore => recordStore.CreateAsync(key, first, InAnHour(), Stop));

        (await ChangeAsync(node, recordStore => recordStore.ReplaceAsync(key, second, Record("late"), InAnHour(), Stop))).ShouldBeFalse();
        (await node.RecordStore.GetAsync(key, Stop)).ShouldBe(first);
        (await ChangeAsync(node, recordStore => recordStore.ReplaceAsync(key, first, second, InAnHour(), Stop))).ShouldBeTrue();
        (await node.RecordStore.GetAsync(key, Stop)).ShouldBe(second);
        // The same write again, as after a lost response, does nothing.
        (await ChangeAsync(node, recordStore => recordStore.ReplaceAsync(key, first, second, InAnHour(), Stop))).ShouldBeFalse();

        // A replacement does not create a missing record.
        var absent = Key();
        (await ChangeAsync(node, recordStore => recordStore.ReplaceAsync(absent, first, second, InAnHour(), Stop))).ShouldBeFalse();
        (await node.RecordStore.GetAsync(absent, Stop)).ShouldBeNull();
    }

    [Theory, EveryMode]
    public async Task A_deleted_record_is_absent_and_deleting_it_again_is_not_an_error(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        TokenKey[] keys = [Key(), Key(), Key()];
        foreach (var key in keys)
            await ChangeAsync(node, recordStore => recordStore.CreateAsync(key, Record(key.Value), InAnHour(), Stop));
        for (var i = 0; i < 2; i++)
        {
            await ChangeAsync(node, async recordStore =>
            {
                await recordStore.DeleteAsync([keys[0], keys[1]], Stop);
                return true;
            });
        }
        (await node.RecordStore.GetAsync(keys, Stop)).Keys.ShouldBe([keys[2]]);
    }

    [Theory, EveryMode]
    public async Task A_scan_sees_every_record_and_deleting_all_counts_them(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var keys = Enumerable.Range(0, 2500).Select(_ => Key()).ToHashSet();
        await ChangeAsync(node, async recordStore =>
        {
            foreach (var key in keys)
                await recordStore.CreateAsync(key, Record("one of many"), InAnHour(), Stop);
            return true;
        });
        HashSet<TokenKey> seen = [];
        await foreach (var batch in node.RecordStore.ScanAsync(Stop))
        {
            batch.Count.ShouldBeInRange(1, 2500 - 1, "a batch is bounded");
            seen.UnionWith(batch);
        }
        seen.SetEquals(keys).ShouldBeTrue();

        (await node.RecordStore.DeleteAllAsync(Stop)).ShouldBe(keys.Count);
        (await node.RecordStore.GetAsync(keys, Stop)).ShouldBeEmpty();
        (await node.RecordStore.DeleteAllAsync(Stop)).ShouldBe(0);
    }

    /// <summary>If the records are in the token index's database, a rollback undoes record changes too.</summary>
    [Theory, EveryMode]
    public async Task A_rollback_undoes_the_writes_of_a_transactional_record_store(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        node.RecordStore.IsTransactional.ShouldBe(mode != Mode.Cluster);
        var key = Key();
        await using (var transaction = await node.Sql.TokenIndex.BeginAsync(TimeLimit, Stop))
        {
            await node.RecordStore.Within(transaction).CreateAsync(key, Record("undone"), InAnHour(), Stop);
            await transaction.FlushAsync(Stop);
        }
        (await node.RecordStore.GetAsync(key, Stop)).HasValue.ShouldBe(mode == Mode.Cluster);
    }

    /// <summary>Redis expires records itself (contract/storage.md). A replacement sets the expiration again.</summary>
    [Fact]
    public async Task A_record_expires_in_Redis()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster);
        var node = await deployment.OpenNodeAsync();
        using var redis = await (await RealServers.Instance.RedisAsync()).ConnectAsync();
        var database = redis.GetDatabase(deployment.Settings.PersistentRedis!.Database);
        var (key, first, second) = (Key(), Record("first"), Record("second"));
        await ChangeAsync(node, recordStore => recordStore.CreateAsync(key, first, InAnHour(), Stop));
        (await database.KeyTimeToLiveAsync($"token:{key.Value}"))!.Value.ShouldBeInRange(
            TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(61));
        await ChangeAsync(node, recordStore => recordStore.ReplaceAsync(key, first, second, expires: null, Stop));
        (await database.KeyTimeToLiveAsync($"token:{key.Value}")).ShouldBeNull();
        ((byte[]?)await database.StringGetAsync($"token:{key.Value}")).ShouldBe(second.Ciphertext);
    }

    [Theory, EveryMode]
    public async Task A_record_is_reencrypted_only_if_unchanged_and_keeps_its_expiration(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var (ending, lasting, changed, absent) = (Key(), Key(), Key(), Key());
        await ChangeAsync(node, async recordStore =>
        {
            await recordStore.CreateAsync(ending, Record("ending"), InAnHour(), Stop);
            await recordStore.CreateAsync(lasting, Record("lasting"), expires: null, Stop);
            return await recordStore.CreateAsync(changed, Record("changed"), InAnHour(), Stop);
        });

        var replaced = await node.RecordStore.ReplaceReencryptedAsync(
            [
                new ReencryptedRecord(ending, Record("ending"), Record("ending anew")), new ReencryptedRecord(lasting, Record("lasting"), Record("lasting anew")),
                new ReencryptedRecord(changed, Record("before it was changed"), Record("late")), new ReencryptedRecord(absent, Record("absent"), Record("late")),
            ],
            Stop);
        replaced.ShouldBe(2);
        (await node.RecordStore.GetAsync(ending, Stop)).ShouldBe(Record("ending anew"));
        (await node.RecordStore.GetAsync(lasting, Stop)).ShouldBe(Record("lasting anew"));
        (await node.RecordStore.GetAsync(changed, Stop)).ShouldBe(Record("changed"));
        (await node.RecordStore.GetAsync(absent, Stop)).ShouldBeNull();
        if (mode != Mode.Cluster)
            return;
        using var redis = await (await RealServers.Instance.RedisAsync()).ConnectAsync();
        var database = redis.GetDatabase(deployment.Settings.PersistentRedis!.Database);
        (await database.KeyTimeToLiveAsync($"token:{ending.Value}"))!.Value.ShouldBeInRange(
            TimeSpan.FromMinutes(59), TimeSpan.FromHours(1));
        (await database.KeyTimeToLiveAsync($"token:{lasting.Value}")).ShouldBeNull();
    }

    private static async Task<bool> ChangeAsync(PorthorDeployment node, Func<IRecordStoreSession, Task<bool>> change)
    {
        await using var transaction = await node.Sql.TokenIndex.BeginAsync(TimeLimit, Stop);
        var result = await change(node.RecordStore.Within(transaction));
        await transaction.FlushAsync(Stop);
        await transaction.CommitAsync(Stop);
        return result;
    }

    private static TokenKey Key() => Token.Create().Key;

    private static EncryptedRecord Record(string text) => new(Encoding.ASCII.GetBytes(text));

    private static DateTimeOffset InAnHour() => DateTimeOffset.UtcNow.AddHours(1);

    private static string SwapCase(string text) =>
        string.Concat(text.Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c)));
}
