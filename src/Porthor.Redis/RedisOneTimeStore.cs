using Porthor.Storage;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>
/// Stores one-time values as Redis keys <c>porthor:once:NAME</c> with a time to live. They expire by the clock of Redis.
/// </summary>
public sealed class RedisOneTimeStore(RedisStore store) : IOneTimeStore
{
    /// <summary>The prefix of all keys of this store.</summary>
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
    public Task<bool> ContainsAsync(string name, CancellationToken cancellationToken) =>
        store.CallAsync("looking for a one-time value", KeyOf(name), db => db.KeyExistsAsync(KeyOf(name)), cancellationToken);

    private static RedisKey KeyOf(string name) => KeyPrefix + name;
}
