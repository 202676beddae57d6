using Porthor.Storage;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>Counts in the ephemeral database, under the reference's keys (contract/ingress.md 8).</summary>
public sealed class RedisRateCounter(RedisStore store) : IRateCounter
{
    /// <summary>A counter and its end in one step, so that none is ever left without an end (deviations 17).</summary>
    private const string Script = """
        local count = redis.call('INCRBY', KEYS[1], 1)
        local left = redis.call('PTTL', KEYS[1])
        if left < 0 then
          redis.call('PEXPIRE', KEYS[1], 60000)
          left = 60000
        end
        return {count, left}
        """;

    public async Task<RateCount> CountAsync(RateKey key, CancellationToken cancellationToken)
    {
        RedisKey counter = $"LIMITS:LIMITER/api/{key.Username}/{key.Service}/{key.Quota}/1/minute";
        var reply = await store.CallAsync("counting requests", counter, db => db.ScriptEvaluateAsync(Script, [counter]), cancellationToken);
        return new RateCount((long)reply[0], TimeSpan.FromMilliseconds((long)reply[1]));
    }
}
