using Porthor.Storage;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>
/// Stores one-time values as Redis keys with a time to live. They expire by the clock of Redis.
/// </summary>
/// <param name="store">The database.</param>
/// <param name="keyPrefix">The text before each name. It is empty if the names are the keys of the reference.</param>
public sealed class RedisOneTimeStore(RedisStore store, string keyPrefix = RedisOneTimeStore.KeyPrefix) : IOneTimeStore
{
    /// <summary>The usual prefix of the keys.</summary>
    public const string KeyPrefix = "porthor:once:";

    // A script, because the driver must not send SET (ServerCommands). ARGV: the value, and its time to live in milliseconds.
    private const string AddScript = "return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0";

    /// <inheritdoc/>
    public async Task<bool> TryAddAsync(string name, byte[] value, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        var key = KeyOf(name);
        var milliseconds = Math.Max(1, (long)lifetime.TotalMilliseconds);
        return (int)await store.CallAsync(
            "adding a one-time value", key, db => db.ScriptEvaluateAsync(AddScript, [key], [value, milliseconds]), cancellationToken) == 1;
    }

    /// <inheritdoc/>
    public async Task<byte[]?> TakeAsync(string name, CancellationToken cancellationToken) =>
        await store.CallAsync("taking a one-time value", KeyOf(name), db => db.StringGetDeleteAsync(KeyOf(name)), cancellationToken);

    /// <inheritdoc/>
    public async Task<byte[]?> GetAsync(string name, CancellationToken cancellationToken) =>
        await store.CallAsync("reading a one-time value", KeyOf(name), db => db.StringGetAsync(KeyOf(name)), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> ContainsAsync(string name, CancellationToken cancellationToken) =>
        store.CallAsync("looking for a one-time value", KeyOf(name), db => db.KeyExistsAsync(KeyOf(name)), cancellationToken);

    /// <summary>Tests all commands of this store with a name that no value has. The test value expires.</summary>
    /// <param name="prefix">The beginning of the names for which the database gives permissions.</param>
    /// <param name="cancellationToken">Ends the wait for the response.</param>
    /// <exception cref="StoreUnavailableException">The database is not available, or does not permit one of the commands.</exception>
    public async Task CheckPermissionsAsync(string prefix, CancellationToken cancellationToken)
    {
        var name = prefix + "porthor-readiness";
        // The error of a script does not name the command that the user lacks. With XX, SET writes only if the key exists.
        await store.CallAsync(
            "testing a write", KeyOf(name), db => db.ExecuteAsync(ServerCommands.Set, KeyOf(name), "", "XX", "PX", 10_000),
            cancellationToken);
        await Task.WhenAll(
            TryAddAsync(name, [], TimeSpan.FromSeconds(10), cancellationToken),
            GetAsync(name, cancellationToken),
            TakeAsync(name, cancellationToken));
    }

    private RedisKey KeyOf(string name) => keyPrefix + name;
}
