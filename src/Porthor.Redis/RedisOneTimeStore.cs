using Porthor.Storage;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>One-time values as Redis keys <c>porthor:once:NAME</c> with a time to live. Redis expires them by its own clock.</summary>
public sealed class RedisOneTimeStore(RedisServer server) : IOneTimeStore
{
    /// <summary>The prefix of all keys of this store.</summary>
    public const string KeyPrefix = "porthor:once:";

    public Task<bool> TryAddAsync(string name, byte[] value, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        return server.CallAsync("adding a one-time value", db => db.StringSetAsync(KeyOf(name), value, lifetime, When.NotExists), cancellationToken);
    }

    public async Task<byte[]?> TakeAsync(string name, CancellationToken cancellationToken) =>
        await server.CallAsync("taking a one-time value", db => db.StringGetDeleteAsync(KeyOf(name)), cancellationToken);

    public Task<bool> ContainsAsync(string name, CancellationToken cancellationToken) =>
        server.CallAsync("looking for a one-time value", db => db.KeyExistsAsync(KeyOf(name)), cancellationToken);

    private static RedisKey KeyOf(string name) => KeyPrefix + name;
}
