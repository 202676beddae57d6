using Porthor.Server.Hosting;
using Porthor.Testing;

namespace Porthor.Storage.Tests.StoreContracts;

/// <summary>
/// Tests that every store of one-time values adds and takes atomically, and expires values: SQLite, PostgreSQL and Redis.
/// </summary>
public sealed class OneTimeTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, EveryMode]
    public async Task A_value_is_added_once_and_taken_once(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var store = (await deployment.OpenNodeAsync()).OneTimeValues;
        (await store.ContainsAsync("test:a", Cancellation)).ShouldBeFalse();
        (await store.TakeAsync("test:a", Cancellation)).ShouldBeNull();

        (await store.TryAddAsync("test:a", [1, 0, 255], Hour, Cancellation)).ShouldBeTrue();
        (await store.TryAddAsync("test:a", [2], Hour, Cancellation)).ShouldBeFalse();
        (await store.TryAddAsync("test:A", [], Hour, Cancellation)).ShouldBeTrue();
        (await store.ContainsAsync("test:a", Cancellation)).ShouldBeTrue();

        (await store.TakeAsync("test:a", Cancellation)).ShouldBe([1, 0, 255]);
        (await store.TakeAsync("test:a", Cancellation)).ShouldBeNull();
        (await store.ContainsAsync("test:a", Cancellation)).ShouldBeFalse();
        (await store.TakeAsync("test:A", Cancellation)).ShouldBe([]);

        // A name that was taken can be added again.
        (await store.TryAddAsync("test:a", [3], Hour, Cancellation)).ShouldBeTrue();
    }

    [Theory, EveryMode]
    public async Task Of_concurrent_callers_one_adds_and_one_takes(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        List<PorthorDeployment> nodes = [await deployment.OpenNodeAsync()];
        if (mode != Mode.Embedded)
            nodes.Add(await deployment.OpenNodeAsync());
        var stores = nodes.Select(node => node.OneTimeValues).ToArray();
        for (var i = 0; i < 10; i++)
        {
            var name = $"test:{i}";
            var added = await Task.WhenAll(
                Enumerable.Range(0, 16).Select(n => stores[n % stores.Length].TryAddAsync(name, [(byte)n], Hour, Cancellation)));
            added.Count(one => one).ShouldBe(1);
            var taken = await Task.WhenAll(Enumerable.Range(0, 16).Select(n => stores[n % stores.Length].TakeAsync(name, Cancellation)));
            taken.Count(one => one is not null).ShouldBe(1);
            taken.Single(one => one is not null).ShouldBe([(byte)Array.IndexOf(added, true)]);
        }
    }

    [Theory, EveryMode]
    public async Task An_expired_value_is_absent(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var store = (await deployment.OpenNodeAsync()).OneTimeValues;
        foreach (var name in (string[])["test:added", "test:taken"])
            (await store.TryAddAsync(name, [1], TimeSpan.FromMilliseconds(1), Cancellation)).ShouldBeTrue();
        await RealServers.WaitUntilAsync(
            async () => (await store.ContainsAsync("test:taken", Cancellation)).ShouldBeFalse(), "the values to expire");
        (await store.TakeAsync("test:taken", Cancellation)).ShouldBeNull();
        (await store.TryAddAsync("test:added", [2], Hour, Cancellation)).ShouldBeTrue();
        (await store.TakeAsync("test:added", Cancellation)).ShouldBe([2]);
    }

    [Theory, EveryMode]
    public async Task Expired_values_are_removed_by_later_additions(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        for (var i = 0; i < 20; i++)
            await node.OneTimeValues.TryAddAsync($"test:{i}", [], TimeSpan.FromMilliseconds(1), Cancellation);
        await RealServers.WaitUntilAsync(
            async () =>
            {
                await node.OneTimeValues.TryAddAsync($"test:{Guid.NewGuid()}", [], TimeSpan.FromMilliseconds(1), Cancellation);
                // The last addition may still be there, and in Redis the one before it.
                (await CountAsync(deployment, node)).ShouldBeLessThan(4);
            },
            "the expired values to be removed");
    }

    [Theory, EveryMode]
    public async Task A_lifetime_is_more_than_zero(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var store = (await deployment.OpenNodeAsync()).OneTimeValues;
        await Should.ThrowAsync<ArgumentOutOfRangeException>(() => store.TryAddAsync("test:a", [], TimeSpan.Zero, Cancellation));
    }

    private static async Task<long> CountAsync(Deployment deployment, PorthorDeployment node)
    {
        switch (deployment.Mode)
        {
            case Mode.Embedded:
                await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection(
                    $"Data Source={node.DataDirectory!.DatabasePath};Pooling=False"))
                {
                    await connection.OpenAsync(Cancellation);
                    await using var command = new Microsoft.Data.Sqlite.SqliteCommand("SELECT count(*) FROM porthor_once", connection);
                    return (long)(await command.ExecuteScalarAsync(Cancellation))!;
                }
            case Mode.Database:
                await using (var source = Npgsql.NpgsqlDataSource.Create(
                    (await RealServers.Instance.PostgresAsync()).ConnectionString(deployment.DatabaseName!)))
                await using (var command = source.CreateCommand("SELECT count(*) FROM porthor_once"))
                    return (long)(await command.ExecuteScalarAsync(Cancellation))!;
            default:
                long keys = 0;
                await foreach (var batch in node.Redis!.Store.ScanAsync("porthor:once:*", Cancellation))
                    keys += batch.Count;
                return keys;
        }
    }
}
