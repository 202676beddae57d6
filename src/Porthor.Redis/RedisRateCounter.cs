using Porthor.Storage;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>Counts requests in the ephemeral database, under the keys of the reference (contract/ingress.md 8).</summary>
/// <param name="store">The ephemeral database.</param>
/// <param name="timeLimit">The time limit of a call. It is short, because a request is not denied if it cannot be counted.</param>
public sealed class RedisRateCounter(RedisStore store, TimeSpan timeLimit) : IRateCounter
{
    /// <summary>Increments a counter and sets its expiration in one step, so that every counter expires (deviations 17).</summary>
    private const string Script = """
        local count = redis.call('INCRBY', KEYS[1], 1)
        local left = redis.call('PTTL', KEYS[1])
        if left < 0 then
          redis.call('PEXPIRE', KEYS[1], 60000)
          left = 60000
        end
        return {count, left}
        """;

    /// <summary>The key with which the permissions are tested. No request is counted under it.</summary>
    private const string TestKey = "LIMITS:porthor-readiness";

    /// <inheritdoc/>
    public async Task<RateCount> CountAsync(RateKey key, CancellationToken cancellationToken)
    {
        RedisKey counter = $"LIMITS:LIMITER/api/{key.Username}/{key.Service}/{key.Quota}/1/minute";
        var reply = await store.CallAsync(
            "counting requests", counter, db => db.ScriptEvaluateAsync(Script, [counter]), timeLimit, cancellationToken);
        return new RateCount((long)reply[0], TimeSpan.FromMilliseconds((long)reply[1]));
    }

    /// <summary>
    /// Tests the commands of <see cref="CountAsync"/> with a key of its own, which expires. The commands are also sent without the script,
    /// because the error of a script does not name the command that the user lacks.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The database is not available, or does not permit one of the commands.</exception>
    public Task CheckPermissionsAsync(CancellationToken cancellationToken) => store.CallAsync(
        "testing the counting of requests",
        TestKey,
        async db =>
        {
            RedisKey key = TestKey;
            await db.ExecuteAsync("PTTL", key);
            await db.ExecuteAsync("PEXPIRE", key, 60_000);
            await db.ExecuteAsync("INCRBY", key, 0);
            return await db.ScriptEvaluateAsync(Script, [key]);
        },
        cancellationToken);
}
