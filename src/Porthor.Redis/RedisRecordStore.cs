using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Porthor.Storage;
using Porthor.Telemetry;
using Porthor.Tokens;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>
/// The record store in Redis, in the reference's layout: <c>token:KEY</c>, with the record's end as the key's time to live
/// (contract/tokens.md 5, storage.md 3). It answers only when what was taken from tokens in the last hour is certain to be
/// taken on the server it is connected to (<see cref="RevocationReplay"/>).
/// </summary>
public sealed class RedisRecordStore : ITokenRecordStore, IRecordStoreSession, IAsyncDisposable
{
    private const string KeyPrefix = "token:";

    /// <summary>A few milliseconds of the server's time, in which it does nothing else.</summary>
    private const int DeletedAtOnce = 2500;

    private const int ReplacedAtOnce = 250;

    private static readonly RedisKey Prefix = "token:"u8.ToArray();

    // KEYS[1] the record; ARGV: the expected value, the replacement, seconds to live (empty for ever, 0 for already over).
    private const string ReplaceScript =
        """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        if ARGV[3] == '' then
            redis.call('SET', KEYS[1], ARGV[2])
        elseif ARGV[3] == '0' then
            redis.call('DEL', KEYS[1])
        else
            redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
        end
        return 1
        """;

    // As above, and the time to live stays as it is.
    private const string ResealScript =
        """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
        return 1
        """;

    // ARGV: the record, and its time to live in seconds (empty for no expiry).
    private const string CreateScript =
        """
        if ARGV[2] == '' then
            return redis.call('SET', KEYS[1], ARGV[1], 'NX') and 1 or 0
        end
        return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2]) and 1 or 0
        """;

    private readonly RedisStore store;
    private readonly RevocationReplay replay;
    private readonly TimeProvider clock;
    private readonly TimeSpan callTimeout;

    public RedisRecordStore(
        RedisOptions options, IRevocationLog revocations, RecordCodec codec, TokenStoreOptions stores, StoreMetrics metrics, TimeProvider clock, ILogger<RedisRecordStore> logger)
    {
        this.clock = clock;
        callTimeout = options.CallTimeout;
        replay = new RevocationReplay(revocations, codec, stores.RevocationMemory, clock, logger);
        replay.Require();
        store = RedisStore.Connect(options, "token record store", metrics, logger, replay.Require);
        replay.Start(this);
    }

    /// <summary>Gets the store itself, for other data that is kept there.</summary>
    public RedisStore Store => store;

    public bool IsTransactional => false;

    /// <summary>
    /// As <see cref="ReadAsync"/>, spelt out: every request waits for this, and so it is one step, and copies nothing that is known.
    /// </summary>
    public async ValueTask<EncryptedRecord?> GetAsync(TokenKey key, EncryptedRecord? known, CancellationToken cancellationToken)
    {
        var begun = clock.GetTimestamp();
        var redisKey = KeyOf(key);
        for (var plainly = false; ;)
        {
            var generation = replay.Generation;
            if (!replay.IsDone)
                await replay.DoneAsync(callTimeout - clock.GetElapsedTime(begun), cancellationToken);
            var server = store.ServerFor(redisKey);
            var connections = server.Connections;
            using var measured = server.Begin("reading");
            try
            {
                if (!server.IsPrimary)
                    _ = server.ConfirmAsync();
                var left = callTimeout - clock.GetElapsedTime(begun);
                using var lease = plainly || server.ReadsPlainly
                    ? await ReadPlainlyAsync(server, redisKey, left, cancellationToken)
                    : await RedisServer.InTime(server.Database.StringGetLeaseAsync(redisKey), left, cancellationToken);
                if (!server.IsPrimary && await server.ConfirmSinceAsync(connections, callTimeout - clock.GetElapsedTime(begun), cancellationToken) is { } reason)
                    throw new NotPrimaryException(reason);
                measured.Answered();
                if (generation == replay.Generation)
                    return RecordIn(lease, known);
            }
            catch (RedisServerException e) when (!plainly && server.MayReadPlainly(e))
            {
                plainly = true;
            }
            catch (Exception e) when (RedisServer.IsOurs(e))
            {
                var failure = server.Failed(measured, e);
                if (!await store.RedirectAsync(e, callTimeout - clock.GetElapsedTime(begun), cancellationToken))
                    throw failure;
            }
        }
    }

    public async Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> GetAsync(
        IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
            return new Dictionary<TokenKey, EncryptedRecord>();
        RedisKey[] redisKeys = [.. keys.Select(KeyOf)];
        return RecordsIn(keys, await ReadAsync(left => store.GetAsync("reading", redisKeys, left, cancellationToken), cancellationToken));
    }

    public IRecordStoreSession Within(ITokenIndexTransaction transaction) => this;

    public async IAsyncEnumerable<IReadOnlyList<TokenKey>> ScanAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await replay.DoneAsync(callTimeout, cancellationToken);
        await foreach (var keys in store.ScanAsync(KeyPrefix + "*", cancellationToken))
            yield return [.. keys.Select(key => new TokenKey(((string)key!)[KeyPrefix.Length..]))];
    }

    public async Task<int> ResealAsync(IReadOnlyList<Reseal> records, CancellationToken cancellationToken)
    {
        await replay.DoneAsync(callTimeout, cancellationToken);
        // Sent in one go; each is a step of its own.
        var replaced = await Task.WhenAll(records.Select(record => RunAsync(
            "sealing records anew", ResealScript, record.Key, [record.Expected.Ciphertext, record.Replacement.Ciphertext], callTimeout, cancellationToken)));
        return replaced.Count(one => one);
    }

    public async Task<long> DeleteAllAsync(CancellationToken cancellationToken)
    {
        await replay.DoneAsync(callTimeout, cancellationToken);
        return await store.DeleteAllAsync(KeyPrefix + "*", cancellationToken);
    }

    /// <summary>Reads a key instead of sending PING: a server may permit the one and not the other.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        await ReadAsync(left => store.CallAsync("reading", Prefix, db => RedisStore.ReadPlainlyAsync(db, Prefix), left, cancellationToken), cancellationToken);
        await store.CallAllAsync("asking whether it answers", db => db.PingAsync(), cancellationToken);
    }

    Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> IRecordStoreSession.ReadAsync(
        IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) => GetAsync(keys, cancellationToken);

    async Task<bool> IRecordStoreSession.CreateAsync(
        TokenKey key, EncryptedRecord record, DateTimeOffset? expires, CancellationToken cancellationToken)
    {
        var seconds = SecondsToLive(expires);
        // A record that is over need not be written; a token without one does not work, as it should.
        return seconds == 0 || await WriteAsync(
            left => RunAsync("writing a record", CreateScript, key, [record.Ciphertext, Argument(seconds)], left, cancellationToken), cancellationToken);
    }

    async Task<IReadOnlyList<TokenKey>> IRecordStoreSession.ReplaceAsync(IReadOnlyList<RecordReplacement> records, CancellationToken cancellationToken)
    {
        List<TokenKey> changed = [];
        foreach (var batch in records.Chunk(ReplacedAtOnce))
        {
            // Sent together. Each server executes its commands in this order; each command is atomic by itself.
            var replaced = await WriteAsync(
                left => Task.WhenAll(batch.Select(record => ReplaceAsync(
                    record.Key, record.Expected, record.Replacement, record.Expires, left, cancellationToken))),
                cancellationToken);
            changed.AddRange(batch.Zip(replaced).Where(one => !one.Second).Select(one => one.First.Key));
        }
        return changed;
    }

    async Task IRecordStoreSession.DeleteAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken)
    {
        foreach (var batch in keys.Chunk(DeletedAtOnce))
        {
            RedisKey[] redisKeys = [.. batch.Select(KeyOf)];
            await WriteAsync(left => store.DeleteAsync("deleting records", redisKeys, left, cancellationToken), cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await replay.DisposeAsync();
        await store.DisposeAsync();
    }

    /// <summary>
    /// Reads, when all revocations are in effect. A connection that came into use in between may have shown what a server
    /// had lost the deletion of; then it is read again, all within the time of one call.
    /// </summary>
    private async Task<T> ReadAsync<T>(Func<TimeSpan, Task<T>> read, CancellationToken cancellationToken)
    {
        var begun = clock.GetTimestamp();
        while (true)
        {
            var generation = replay.Generation;
            await replay.DoneAsync(callTimeout - clock.GetElapsedTime(begun), cancellationToken);
            var value = await read(callTimeout - clock.GetElapsedTime(begun));
            if (generation == replay.Generation)
                return value;
        }
    }

    /// <summary>
    /// Writes when no other node can still be using the previous primary: an acknowledged revocation must be in effect on all nodes.
    /// </summary>
    private async Task<T> WriteAsync<T>(Func<TimeSpan, Task<T>> write, CancellationToken cancellationToken)
    {
        var begun = clock.GetTimestamp();
        await replay.DoneAsync(callTimeout, cancellationToken);
        return await write(callTimeout - clock.GetElapsedTime(begun));
    }

    /// <summary>Runs a script that returns 1 if it wrote.</summary>
    private async Task<bool> RunAsync(string what, string script, TokenKey key, RedisValue[] arguments, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        var redisKey = KeyOf(key);
        return (int)await store.CallAsync(what, redisKey, db => db.ScriptEvaluateAsync(script, [redisKey], arguments), timeLimit, cancellationToken) == 1;
    }

    private Task<bool> ReplaceAsync(
        TokenKey key, EncryptedRecord expected, EncryptedRecord replacement, DateTimeOffset? expires, TimeSpan timeLimit, CancellationToken cancellationToken) =>
        RunAsync(
            "replacing a record", ReplaceScript, key, [expected.Ciphertext, replacement.Ciphertext, Argument(SecondsToLive(expires))], timeLimit, cancellationToken);

    /// <summary>As it is, whether what was taken is certain to be taken or not: for the replay that makes it certain.</summary>
    internal async Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> GetUncertainAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
        RecordsIn(keys, await store.GetAsync("reading records before they may be trusted", [.. keys.Select(KeyOf)], callTimeout, cancellationToken));

    /// <summary>Replaces a record before the record store may be read, for the replay.</summary>
    internal Task<bool> ReplaceUncertainAsync(
        TokenKey key, EncryptedRecord expected, EncryptedRecord replacement, DateTimeOffset? expires, CancellationToken cancellationToken) =>
        ReplaceAsync(key, expected, replacement, expires, callTimeout, cancellationToken);

    internal Task<long> DeleteAgainAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken) =>
        store.DeleteAsync("deleting revoked records again", [.. keys.Select(KeyOf)], callTimeout, cancellationToken);

    /// <summary>
    /// Tests the commands that changes need, with a key that no token has, so that a missing permission is detected before a change.
    /// </summary>
    internal async Task CheckPermissionsAsync(CancellationToken cancellationToken)
    {
        var nobody = new TokenKey("");
        await store.CallAsync("trying to read", Prefix, db => RedisStore.ReadPlainlyAsync(db, Prefix), cancellationToken);
        // XX: only if the key exists, which it does not.
        await store.CallAsync("trying to write", Prefix, db => db.ExecuteAsync(ServerCommands.Set, Prefix, "", "XX"), cancellationToken);
        await RunAsync("trying a script", ReplaceScript, nobody, ["none", "none", RedisValue.EmptyString], callTimeout, cancellationToken);
        await store.DeleteAsync("trying a deletion", [Prefix], callTimeout, cancellationToken);
    }

    private static Dictionary<TokenKey, EncryptedRecord> RecordsIn(IReadOnlyCollection<TokenKey> keys, RedisValue[] values)
    {
        Dictionary<TokenKey, EncryptedRecord> records = new(keys.Count);
        foreach (var (key, value) in keys.Zip(values))
        {
            if ((byte[]?)value is { Length: > 0 } ciphertext)
                records[key] = new EncryptedRecord(ciphertext);
        }
        return records;
    }

    private static EncryptedRecord? RecordIn(Lease<byte>? lease, EncryptedRecord? known)
    {
        if (lease is null or { Length: 0 })
            return null;
        return known is { } same && lease.Span.SequenceEqual(same.Ciphertext) ? same : new EncryptedRecord(lease.Span.ToArray());
    }

    private static async Task<Lease<byte>?> ReadPlainlyAsync(RedisServer server, RedisKey key, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        byte[]? value = await RedisServer.InTime(RedisStore.ReadPlainlyAsync(server.Database, key), timeLimit, cancellationToken);
        if (value is null)
            return null;
        var lease = Lease<byte>.Create(value.Length, clear: false);
        value.CopyTo(lease.Span);
        return lease;
    }

    private static RedisKey KeyOf(TokenKey key) => ((RedisKey)key.Value).Prepend(Prefix);

    private static RedisValue Argument(long? seconds) => seconds ?? RedisValue.EmptyString;

    /// <summary>
    /// Whole seconds to the record's end, null for ever, 0 if it is over. At least one before that: the store may keep a
    /// record a moment too long, because its end is compared with the clock as well.
    /// </summary>
    private long? SecondsToLive(DateTimeOffset? expires)
    {
        if (expires is not { } end)
            return null;
        var left = end - clock.GetUtcNow();
        return left <= TimeSpan.Zero ? 0 : Math.Max(1, (long)left.TotalSeconds);
    }
}
