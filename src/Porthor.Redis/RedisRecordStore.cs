using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Porthor.Storage;
using Porthor.Telemetry;
using Porthor.Tokens;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>
/// Represents the record store in Redis, in the layout of the reference: <c>token:KEY</c>, with the expiration of the record as the time
/// to live of the key (contract/tokens.md 5, storage.md 3). It returns records only when the revocations and reductions of the last hour
/// are in effect on the connected server (<see cref="RevocationReplay"/>).
/// </summary>
public sealed class RedisRecordStore : ITokenRecordStore, IRecordStoreSession, IAsyncDisposable
{
    private const string KeyPrefix = "token:";

    /// <summary>The number of keys that one command deletes. The server executes such a command in a few milliseconds.</summary>
    private const int DeletedAtOnce = 2500;

    private const int ReplacedAtOnce = 250;

    private static readonly RedisKey Prefix = "token:"u8.ToArray();

    // KEYS[1]: the record. ARGV: the expected value, the replacement, the time to live in seconds (empty for no expiration, 0 if
    // expired).
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

    // Like ReplaceScript, but keeps the time to live of the key.
    private const string ReplaceReencryptedScript =
        """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
        return 1
        """;

    // ARGV: the record, and its time to live in seconds (empty for no expiration).
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

    /// <summary>Connects to the server. If no server is available, the constructor returns and retries in the background.</summary>
    /// <param name="options">The connection options.</param>
    /// <param name="revocations">Returns the recent revocations and reductions.</param>
    /// <param name="codec">Encrypts and decrypts the records.</param>
    /// <param name="stores">Contains the time for which revocations are repeated.</param>
    /// <param name="metrics">Measures the calls.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="logger">The logger.</param>
    public RedisRecordStore(
        RedisOptions options, IRevocationLog revocations, RecordCodec codec, TokenStoreOptions stores, StoreMetrics metrics,
        TimeProvider clock, ILogger<RedisRecordStore> logger)
    {
        this.clock = clock;
        callTimeout = options.CallTimeout;
        replay = new RevocationReplay(revocations, codec, stores.RevocationRetention, clock, logger);
        replay.Require();
        store = RedisStore.Connect(options, "token record store", metrics, logger, replay.Require);
        replay.Start(this);
    }

    /// <summary>Returns the database, which contains other data as well.</summary>
    public RedisStore Store => store;

    /// <inheritdoc/>
    public bool IsTransactional => false;

    /// <summary>
    /// Returns the record of a token. The method has the effect of <see cref="ReadAsync"/>, but consists of one asynchronous method and
    /// does not copy a known record, because each authorization subrequest calls it.
    /// </summary>
    public async ValueTask<EncryptedRecord?> GetAsync(TokenKey key, EncryptedRecord? known, CancellationToken cancellationToken)
    {
        var begun = clock.GetTimestamp();
        var redisKey = KeyOf(key);
        for (var withGet = false; ;)
        {
            var generation = replay.Generation;
            if (!replay.IsDone)
                await replay.WaitUntilDoneAsync(callTimeout - clock.GetElapsedTime(begun), cancellationToken);
            var server = store.ServerFor(redisKey);
            var connections = server.Connections;
            using var measured = server.Begin("reading");
            try
            {
                if (!server.IsPrimary)
                    _ = server.ConfirmAsync();
                var left = callTimeout - clock.GetElapsedTime(begun);
                using var lease = withGet || server.ReadsWithGet
                    ? await ReadWithGetAsync(server, redisKey, left, cancellationToken)
                    : await RedisServer.InTime(server.Database.StringGetLeaseAsync(redisKey), left, cancellationToken);
                left = callTimeout - clock.GetElapsedTime(begun);
                if (!server.IsPrimary && await server.ConfirmSinceAsync(connections, left, cancellationToken) is { } reason)
                    throw new NotPrimaryException(reason);
                measured.Answered();
                if (generation == replay.Generation)
                    return RecordIn(lease, known);
            }
            catch (RedisServerException e) when (!withGet && server.MayReadWithGet(e))
            {
                withGet = true;
            }
            catch (Exception e) when (RedisServer.IsDriverError(e))
            {
                var failure = server.Failed(measured, e);
                if (!await store.RedirectAsync(e, callTimeout - clock.GetElapsedTime(begun), cancellationToken))
                    throw failure;
            }
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> GetAsync(
        IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
            return new Dictionary<TokenKey, EncryptedRecord>();
        RedisKey[] redisKeys = [.. keys.Select(KeyOf)];
        return RecordsIn(keys, await ReadAsync(left => store.GetAsync("reading", redisKeys, left, cancellationToken), cancellationToken));
    }

    /// <inheritdoc/>
    public IRecordStoreSession Within(ITokenIndexTransaction transaction) => this;

    /// <inheritdoc/>
    public async IAsyncEnumerable<IReadOnlyList<TokenKey>> ScanAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await replay.WaitUntilDoneAsync(callTimeout, cancellationToken);
        await foreach (var keys in store.ScanAsync(KeyPrefix + "*", cancellationToken))
            yield return [.. keys.Select(key => new TokenKey(((string)key!)[KeyPrefix.Length..]))];
    }

    /// <inheritdoc/>
    public async Task<int> ReplaceReencryptedAsync(IReadOnlyList<ReencryptedRecord> records, CancellationToken cancellationToken)
    {
        await replay.WaitUntilDoneAsync(callTimeout, cancellationToken);
        // The commands are sent together; each is atomic.
        var replaced = await Task.WhenAll(records.Select(record => RunAsync(
            "re-encrypting records", ReplaceReencryptedScript, record.Key, [record.Expected.Ciphertext, record.Replacement.Ciphertext],
            callTimeout, cancellationToken)));
        return replaced.Count(one => one);
    }

    /// <inheritdoc/>
    public async Task<long> DeleteAllAsync(CancellationToken cancellationToken)
    {
        await replay.WaitUntilDoneAsync(callTimeout, cancellationToken);
        return await store.DeleteAllAsync(KeyPrefix + "*", cancellationToken);
    }

    /// <summary>Reads a key in addition to sending PING, because a server may permit one of them and not the other.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        await ReadAsync(
            left => store.CallAsync("reading", Prefix, db => RedisStore.ReadWithGetAsync(db, Prefix), left, cancellationToken),
            cancellationToken);
        await store.CallAllAsync("checking the connection", db => db.PingAsync(), cancellationToken);
    }

    Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> IRecordStoreSession.ReadAsync(
        IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) => GetAsync(keys, cancellationToken);

    async Task<bool> IRecordStoreSession.CreateAsync(
        TokenKey key, EncryptedRecord record, DateTimeOffset? expires, CancellationToken cancellationToken)
    {
        var seconds = SecondsToLive(expires);
        // An expired record need not be written: a token without a record is not valid.
        return seconds == 0 || await WriteAsync(
            left => RunAsync("writing a record", CreateScript, key, [record.Ciphertext, Argument(seconds)], left, cancellationToken),
            cancellationToken);
    }

    async Task<IReadOnlyList<TokenKey>> IRecordStoreSession.ReplaceAsync(
        IReadOnlyList<RecordReplacement> records, CancellationToken cancellationToken)
    {
        List<TokenKey> changed = [];
        foreach (var batch in records.Chunk(ReplacedAtOnce))
        {
            // The commands are sent together. Each server executes its commands in this order, and each command is atomic.
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

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await replay.DisposeAsync();
        await store.DisposeAsync();
    }

    /// <summary>
    /// Waits until all revocations are in effect, and reads. If a new connection is opened during the read, its server may have lost a
    /// deletion, so the read is repeated. All attempts together have the time limit of one call.
    /// </summary>
    private async Task<T> ReadAsync<T>(Func<TimeSpan, Task<T>> read, CancellationToken cancellationToken)
    {
        var begun = clock.GetTimestamp();
        while (true)
        {
            var generation = replay.Generation;
            await replay.WaitUntilDoneAsync(callTimeout - clock.GetElapsedTime(begun), cancellationToken);
            var value = await read(callTimeout - clock.GetElapsedTime(begun));
            if (generation == replay.Generation)
                return value;
        }
    }

    /// <summary>
    /// Waits until no other node can use the previous primary, and writes. An acknowledged revocation must be in effect on all nodes.
    /// </summary>
    private async Task<T> WriteAsync<T>(Func<TimeSpan, Task<T>> write, CancellationToken cancellationToken)
    {
        var begun = clock.GetTimestamp();
        await replay.WaitUntilDoneAsync(callTimeout, cancellationToken);
        return await write(callTimeout - clock.GetElapsedTime(begun));
    }

    /// <summary>Runs a script that returns 1 if it has written. Returns true in this case.</summary>
    private async Task<bool> RunAsync(
        string what, string script, TokenKey key, RedisValue[] arguments, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        var redisKey = KeyOf(key);
        return (int)await store.CallAsync(
            what, redisKey, db => db.ScriptEvaluateAsync(script, [redisKey], arguments), timeLimit, cancellationToken) == 1;
    }

    private Task<bool> ReplaceAsync(
        TokenKey key, EncryptedRecord expected, EncryptedRecord replacement, DateTimeOffset? expires, TimeSpan timeLimit,
        CancellationToken cancellationToken) =>
        RunAsync(
            "replacing a record", ReplaceScript, key, [expected.Ciphertext, replacement.Ciphertext, Argument(SecondsToLive(expires))],
            timeLimit, cancellationToken);

    /// <summary>Reads records for the replay, without waiting until all revocations are in effect.</summary>
    internal async Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> GetForReplayAsync(
        IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
        RecordsIn(
            keys, await store.GetAsync("reading records to repeat reductions", [.. keys.Select(KeyOf)], callTimeout, cancellationToken));

    /// <summary>Replaces a record for the replay, without waiting until all revocations are in effect.</summary>
    internal Task<bool> ReplaceForReplayAsync(
        TokenKey key, EncryptedRecord expected, EncryptedRecord replacement, DateTimeOffset? expires,
        CancellationToken cancellationToken) =>
        ReplaceAsync(key, expected, replacement, expires, callTimeout, cancellationToken);

    internal Task<long> DeleteAgainAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken) =>
        store.DeleteAsync("deleting revoked records again", [.. keys.Select(KeyOf)], callTimeout, cancellationToken);

    /// <summary>
    /// Tests the commands that changes of tokens need, so that a missing permission is detected before the first change. The commands use a
    /// key that no token has.
    /// </summary>
    internal async Task CheckPermissionsAsync(CancellationToken cancellationToken)
    {
        var noToken = new TokenKey("");
        await store.CallAsync("testing a read", Prefix, db => RedisStore.ReadWithGetAsync(db, Prefix), cancellationToken);
        // With XX, SET writes only if the key exists. The key does not exist.
        await store.CallAsync("testing a write", Prefix, db => db.ExecuteAsync(ServerCommands.Set, Prefix, "", "XX"), cancellationToken);
        await RunAsync(
            "testing a script", ReplaceScript, noToken, ["none", "none", RedisValue.EmptyString], callTimeout, cancellationToken);
        await store.DeleteAsync("testing a deletion", [Prefix], callTimeout, cancellationToken);
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

    private static async Task<Lease<byte>?> ReadWithGetAsync(
        RedisServer server, RedisKey key, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        byte[]? value = await RedisServer.InTime(RedisStore.ReadWithGetAsync(server.Database, key), timeLimit, cancellationToken);
        if (value is null)
            return null;
        var lease = Lease<byte>.Create(value.Length, clear: false);
        value.CopyTo(lease.Span);
        return lease;
    }

    private static RedisKey KeyOf(TokenKey key) => ((RedisKey)key.Value).Prepend(Prefix);

    private static RedisValue Argument(long? seconds) => seconds ?? RedisValue.EmptyString;

    /// <summary>
    /// Returns the whole seconds until the expiration of a record: null if it never expires, 0 if it has expired, and otherwise at least 1.
    /// If the server keeps a record up to a second too long, the token is still not accepted, because its expiration is compared with the
    /// clock as well.
    /// </summary>
    private long? SecondsToLive(DateTimeOffset? expires)
    {
        if (expires is not { } end)
            return null;
        var left = end - clock.GetUtcNow();
        return left <= TimeSpan.Zero ? 0 : Math.Max(1, (long)left.TotalSeconds);
    }
}
