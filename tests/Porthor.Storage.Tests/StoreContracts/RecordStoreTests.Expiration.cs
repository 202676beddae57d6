using Porthor.Testing;

namespace Porthor.Storage.Tests.StoreContracts;

public sealed partial class RecordStoreTests
{
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
        await ChangeAsync(node, recordStore => recordStore.CreateAsync(key, first, InAnHour(), Cancellation));
        (await database.KeyTimeToLiveAsync($"token:{key.Value}"))!.Value.ShouldBeInRange(
            TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(61));
        await ChangeAsync(node, recordStore => recordStore.ReplaceAsync(key, first, second, expires: null, Cancellation));
        (await database.KeyTimeToLiveAsync($"token:{key.Value}")).ShouldBeNull();
        ((byte[]?)await database.StringGetAsync($"token:{key.Value}")).ShouldBe(second.Ciphertext);
    }

    [Theory, EveryMode]
    public async Task A_record_is_reencrypted_only_if_unchanged_and_keeps_its_expiration(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var (expiring, permanent, changed, absent) = (Key(), Key(), Key(), Key());
        await ChangeAsync(node, async recordStore =>
        {
            await recordStore.CreateAsync(expiring, Record("ending"), InAnHour(), Cancellation);
            await recordStore.CreateAsync(permanent, Record("lasting"), expires: null, Cancellation);
            return await recordStore.CreateAsync(changed, Record("changed"), InAnHour(), Cancellation);
        });

        var replaced = await node.RecordStore.ReplaceReencryptedAsync(
            [
                new ReencryptedRecord(expiring, Record("ending"), Record("ending again")),
                new ReencryptedRecord(permanent, Record("lasting"), Record("lasting again")),
                new ReencryptedRecord(changed, Record("before it was changed"), Record("late")),
                new ReencryptedRecord(absent, Record("absent"), Record("late")),
            ],
            Cancellation);
        replaced.ShouldBe(2);
        (await node.RecordStore.GetAsync(expiring, Cancellation)).ShouldBe(Record("ending again"));
        (await node.RecordStore.GetAsync(permanent, Cancellation)).ShouldBe(Record("lasting again"));
        (await node.RecordStore.GetAsync(changed, Cancellation)).ShouldBe(Record("changed"));
        (await node.RecordStore.GetAsync(absent, Cancellation)).ShouldBeNull();
        if (mode != Mode.Cluster)
            return;
        using var redis = await (await RealServers.Instance.RedisAsync()).ConnectAsync();
        var database = redis.GetDatabase(deployment.Settings.PersistentRedis!.Database);
        (await database.KeyTimeToLiveAsync($"token:{expiring.Value}"))!.Value.ShouldBeInRange(
            TimeSpan.FromMinutes(59), TimeSpan.FromHours(1));
        (await database.KeyTimeToLiveAsync($"token:{permanent.Value}")).ShouldBeNull();
    }
}
