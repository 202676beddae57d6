using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Porthor.Events;
using Porthor.Storage;
using Porthor.Tokens;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>
/// The vault in Redis, in the reference's layout: <c>token:KEY</c>, with the record's end as the key's time to live
/// (contract/tokens.md 5, storage.md 3). It answers only when what was taken from tokens in the last hour is certain to be
/// taken on the server it is connected to (<see cref="RevocationReplay"/>).
/// </summary>
public sealed class RedisVault : ITokenVault, IVaultSession, IAsyncDisposable
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

    private readonly RedisServer server;
    private readonly RevocationReplay replay;
    private readonly TimeProvider clock;
    private readonly TimeSpan callTimeout;

    public RedisVault(
        RedisOptions options, IRevocationLog revocations, RecordCodec codec, TokenStoreOptions stores, StoreMetrics metrics, TimeProvider clock, ILogger<RedisVault> logger)
    {
        this.clock = clock;
        callTimeout = options.CallTimeout;
        replay = new RevocationReplay(revocations, codec, stores.RevocationMemory, clock, logger);
        server = RedisServer.Connect(options, "vault", metrics, logger, replay.Require);
        replay.Start(this);
    }

    /// <summary>The server itself, for what else is kept there.</summary>
    public RedisServer Server => server;

    public bool JoinsLedger => false;

    /// <summary>As <see cref="ReadAsync"/>, spelt out: every request waits for this, and so it is one step, and copies nothing that is known.</summary>
    public async ValueTask<SealedRecord?> GetAsync(TokenKey key, SealedRecord? known, CancellationToken cancellationToken)
    {
        var begun = clock.GetTimestamp();
        while (true)
        {
            var connections = server.Connections;
            if (!replay.IsDone)
                await replay.DoneAsync(callTimeout - clock.GetElapsedTime(begun), cancellationToken);
            using var measured = server.Begin("reading");
            try
            {
                using var lease = await RedisServer.InTime(
                    server.Database.StringGetLeaseAsync(KeyOf(key)), callTimeout - clock.GetElapsedTime(begun), cancellationToken);
                measured.Answered();
                if (connections == server.Connections)
                    return RecordIn(lease, known);
            }
            catch (Exception e) when (RedisServer.IsOurs(e))
            {
                throw measured.Failed(e);
            }
        }
    }

    public async Task<IReadOnlyDictionary<TokenKey, SealedRecord>> GetAsync(
        IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
            return new Dictionary<TokenKey, SealedRecord>();
        return RecordsIn(keys, await ReadAsync(db => db.StringGetAsync([.. keys.Select(KeyOf)]), cancellationToken));
    }

    public IVaultSession Within(ILedgerTransaction transaction) => this;

    public async IAsyncEnumerable<IReadOnlyList<TokenKey>> ScanAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var keys in server.ScanAsync(KeyPrefix + "*", cancellationToken))
            yield return [.. keys.Select(key => new TokenKey(((string)key!)[KeyPrefix.Length..]))];
    }

    public async Task<int> ResealAsync(IReadOnlyList<Reseal> records, CancellationToken cancellationToken)
    {
        // Sent in one go; each is a step of its own.
        var replaced = await server.CallAsync(
            "sealing records anew",
            db => Task.WhenAll(records.Select(record => db.ScriptEvaluateAsync(
                ResealScript, [KeyOf(record.Key)], [record.Expected.Ciphertext, record.Replacement.Ciphertext]))),
            cancellationToken);
        return replaced.Count(one => (int)one == 1);
    }

    public Task<long> DeleteAllAsync(CancellationToken cancellationToken) => server.DeleteAllAsync(KeyPrefix + "*", cancellationToken);

    public Task CheckAsync(CancellationToken cancellationToken) => ReadAsync(db => db.PingAsync(), cancellationToken);

    Task<IReadOnlyDictionary<TokenKey, SealedRecord>> IVaultSession.ReadAsync(
        IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) => GetAsync(keys, cancellationToken);

    async Task<bool> IVaultSession.CreateAsync(
        TokenKey key, SealedRecord record, DateTimeOffset? expires, CancellationToken cancellationToken)
    {
        var seconds = SecondsToLive(expires);
        // A record that is over need not be written; a token without one does not work, as it should.
        return seconds == 0 || await server.CallAsync(
            "writing a record",
            db => db.StringSetAsync(KeyOf(key), record.Ciphertext, seconds is { } s ? TimeSpan.FromSeconds(s) : null, When.NotExists),
            cancellationToken);
    }

    async Task<IReadOnlyList<TokenKey>> IVaultSession.ReplaceAsync(IReadOnlyList<RecordReplacement> records, CancellationToken cancellationToken)
    {
        List<TokenKey> changed = [];
        foreach (var batch in records.Chunk(ReplacedAtOnce))
        {
            // Sent in one go and executed in this order; each is a step of its own.
            var replaced = await server.CallAsync(
                "replacing a record",
                db => Task.WhenAll(batch.Select(record => db.ScriptEvaluateAsync(
                    ReplaceScript,
                    [KeyOf(record.Key)],
                    [record.Expected.Ciphertext, record.Replacement.Ciphertext, SecondsToLive(record.Expires) is { } s ? s : RedisValue.EmptyString]))),
                cancellationToken);
            changed.AddRange(batch.Zip(replaced).Where(one => (int)one.Second != 1).Select(one => one.First.Key));
        }
        return changed;
    }

    async Task IVaultSession.DeleteAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken)
    {
        foreach (var batch in keys.Chunk(DeletedAtOnce))
            await server.CallAsync("deleting records", db => db.KeyDeleteAsync([.. batch.Select(KeyOf)]), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await replay.DisposeAsync();
        await server.DisposeAsync();
    }

    /// <summary>
    /// Reads, when all revocations are in effect. A connection that came into use in between may have shown what a server
    /// had lost the deletion of; then it is read again, all within the time of one call.
    /// </summary>
    private async Task<T> ReadAsync<T>(Func<IDatabase, Task<T>> read, CancellationToken cancellationToken)
    {
        var begun = clock.GetTimestamp();
        while (true)
        {
            var connections = server.Connections;
            await replay.DoneAsync(callTimeout - clock.GetElapsedTime(begun), cancellationToken);
            var value = await server.CallAsync("reading", read, callTimeout - clock.GetElapsedTime(begun), cancellationToken);
            if (connections == server.Connections)
                return value;
        }
    }

    /// <summary>As it is, whether what was taken is certain to be taken or not: for the replay that makes it certain.</summary>
    internal async Task<IReadOnlyDictionary<TokenKey, SealedRecord>> GetUncertainAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
        RecordsIn(keys, await server.CallAsync("reading records before they may be trusted", db => db.StringGetAsync([.. keys.Select(KeyOf)]), cancellationToken));

    internal Task<long> DeleteAgainAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken) =>
        server.CallAsync("deleting revoked records again", db => db.KeyDeleteAsync([.. keys.Select(KeyOf)]), cancellationToken);

    private static Dictionary<TokenKey, SealedRecord> RecordsIn(IReadOnlyCollection<TokenKey> keys, RedisValue[] values)
    {
        Dictionary<TokenKey, SealedRecord> records = new(keys.Count);
        foreach (var (key, value) in keys.Zip(values))
        {
            if ((byte[]?)value is { Length: > 0 } ciphertext)
                records[key] = new SealedRecord(ciphertext);
        }
        return records;
    }

    private static SealedRecord? RecordIn(Lease<byte>? lease, SealedRecord? known)
    {
        if (lease is null or { Length: 0 })
            return null;
        return known is { } same && lease.Span.SequenceEqual(same.Ciphertext) ? same : new SealedRecord(lease.Span.ToArray());
    }

    private static RedisKey KeyOf(TokenKey key) => ((RedisKey)key.Value).Prepend(Prefix);

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
