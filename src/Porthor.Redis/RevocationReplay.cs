using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.Redis;

/// <summary>
/// Repeats revocations and reductions that Redis may have lost. Redis may lose its last writes when it restarts or fails over: a lost
/// deletion would make a revoked token valid again, and a lost replacement would restore a scope. Before the record store uses a new
/// connection, this class therefore deletes the records of all keys that the token index lists as revoked, and reduces the records of
/// recently edited tokens to the values in the token index. It does nothing if the server and its data are the same as for the previous
/// replay.
/// </summary>
/// <param name="revocations">Returns the recent revocations and reductions.</param>
/// <param name="codec">Encrypts and decrypts the records.</param>
/// <param name="retention">The time for which an edit is repeated.</param>
/// <param name="clock">The clock.</param>
/// <param name="logger">The logger.</param>
internal sealed partial class RevocationReplay(
    IRevocationLog revocations, RecordCodec codec, TimeSpan retention, TimeProvider clock, ILogger logger)
    : IAsyncDisposable
{
    private const int BatchSize = 1000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource stopping = new();

    /// <summary>
    /// Receives a value when a replay is required. A channel, unlike a semaphore, can be written to after this object was disposed of; the
    /// driver may establish a connection then.
    /// </summary>
    private readonly Channel<bool> required = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock state = new();
    private TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int generation;
    private long requiredAt;
    private string? identity;
    private string? reported;
    private string? refusalReported;
    private Task work = Task.CompletedTask;

    /// <summary>
    /// Returns a number that changes whenever a replay is required. Data that was read before the change must not be used after it.
    /// </summary>
    public int Generation => Volatile.Read(ref generation);

    /// <summary>Prevents all reads until the replay is complete for the new connection or the new data.</summary>
    public void Require()
    {
        lock (state)
        {
            generation++;
            requiredAt = Stopwatch.GetTimestamp();
            if (done.Task.IsCompleted)
                done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        required.Writer.TryWrite(item: true);
    }

    public void Start(RedisRecordStore recordStore) => work = Task.Run(() => RunAsync(recordStore));

    /// <summary>Returns true if the record store may be read.</summary>
    public bool IsDone => Volatile.Read(ref done).Task.IsCompletedSuccessfully;

    /// <summary>Waits until the record store may be read.</summary>
    public Task WaitUntilDoneAsync(TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        var current = Volatile.Read(ref done).Task;
        return current.IsCompletedSuccessfully ? current : WaitAsync(current, timeLimit, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await work;
        stopping.Dispose();
    }

    private async Task WaitAsync(Task current, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        try
        {
            await current.WaitAsync(timeLimit > TimeSpan.Zero ? timeLimit : TimeSpan.Zero, cancellationToken);
        }
        catch (TimeoutException e)
        {
            var reason = Volatile.Read(ref reported);
            throw new StoreUnavailableException(
                "token record store", "waiting until revocations are in effect again" + (reason is null ? "" : $": {reason}"), e);
        }
    }

    private async Task RunAsync(RedisRecordStore recordStore)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await required.Reader.ReadAsync(stopping.Token);
                // The pause uses real time and not the clock of the tokens.
                while (!await TryAsync(recordStore))
                    await Task.Delay(Pause, stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Attempts the replay once. Returns false if the attempt failed, or if a newer connection was opened during it.</summary>
    private async Task<bool> TryAsync(RedisRecordStore recordStore)
    {
        var target = Generation;
        try
        {
            var servers = recordStore.Store.Servers;
            await ConfirmAsync(servers);
            var seen = await IdentityAsync(servers);
            if (seen is null || seen != identity)
            {
                await WaitForOtherLeasesAsync(servers);
                await recordStore.CheckPermissionsAsync(stopping.Token);
                Log.Replayed(logger, await DeleteAsync(recordStore), await ReduceAsync(recordStore));
                identity = seen;
            }
            lock (state)
            {
                if (target != generation)
                    return false;
                done.TrySetResult();
                reported = null;
                return true;
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            // All exceptions lead to a retry, because no record may be read without the replay. The same reason is not logged again,
            // because there are ten attempts per second.
            var reason = e is StoreUnavailableException unavailable ? unavailable.What : e.GetType().Name;
            if (Interlocked.Exchange(ref reported, reason) != reason)
                Log.Waiting(logger, reason, e);
            return false;
        }
    }

    private static async Task ConfirmAsync(IReadOnlyList<RedisServer> servers)
    {
        foreach (var server in servers)
        {
            if (!server.IsPrimary && await server.ConfirmAsync() is { } reason)
                throw new StoreUnavailableException(server.Name, await server.FindConnectionProblemAsync() ?? reason);
        }
    }

    /// <summary>
    /// Waits until the leases of all other nodes for the previous primary have ended. Until then another node could accept a token that was
    /// revoked on this node.
    /// </summary>
    private async Task WaitForOtherLeasesAsync(IReadOnlyList<RedisServer> servers)
    {
        if (servers.All(server => server.State is { WasPromoted: false }))
            return;
        TimeSpan left;
        lock (state)
            left = servers.Max(server => server.LeaseLength) - Stopwatch.GetElapsedTime(requiredAt);
        if (left > TimeSpan.Zero)
            await Task.Delay(left, stopping.Token);
    }

    private async Task<long> DeleteAsync(RedisRecordStore recordStore)
    {
        long deleted = 0;
        var batches = InBatchesAsync(after => revocations.RevokedAsync(clock.GetUtcNow(), after, BatchSize, stopping.Token), key => key);
        await foreach (var keys in batches)
            deleted += await recordStore.DeleteAgainAsync(keys, stopping.Token);
        return deleted;
    }

    private async Task<int> ReduceAsync(RedisRecordStore recordStore)
    {
        var (reduced, since) = (0, clock.GetUtcNow() - retention);
        var batches = InBatchesAsync(after => revocations.EditedAsync(since, after, BatchSize, stopping.Token), token => token.Token);
        await foreach (var tokens in batches)
        {
            var records = await recordStore.GetForReplayAsync([.. tokens.Select(token => token.Token)], stopping.Token);
            foreach (var token in tokens)
            {
                if (records.TryGetValue(token.Token, out var found) && await ReduceAsync(recordStore, token, found))
                    reduced++;
            }
        }
        return reduced;
    }

    private static async IAsyncEnumerable<IReadOnlyList<T>> InBatchesAsync<T>(
        Func<TokenKey?, Task<IReadOnlyList<T>>> next, Func<T, TokenKey> keyOf)
    {
        TokenKey? after = null;
        IReadOnlyList<T> batch;
        do
        {
            batch = await next(after);
            if (batch.Count == 0)
                break;
            yield return batch;
            after = keyOf(batch[^1]);
        }
        while (batch.Count == BatchSize);
    }

    /// <summary>Reduces a record to the values in the token index. Returns false if the record does not exceed them.</summary>
    private async Task<bool> ReduceAsync(RedisRecordStore recordStore, TokenInfo listed, EncryptedRecord found)
    {
        // A token whose record cannot be read is not valid.
        if (codec.TryDecrypt(listed.Token, found) is not { } record)
            return false;
        var allowed = record.Within(listed.Scopes, listed.Expires);
        if (allowed == record)
            return false;
        if (!await recordStore.ReplaceForReplayAsync(listed.Token, found, codec.Encrypt(allowed), allowed.Expires, stopping.Token))
            throw new StoreUnavailableException("token record store", "reducing a record again: another client has replaced it");
        return true;
    }

    /// <summary>Returns a text that identifies the servers and their data; null if one of them does not report it.</summary>
    private async Task<string?> IdentityAsync(IReadOnlyList<RedisServer> servers)
    {
        List<string> identities = [];
        foreach (var server in servers)
        {
            if (await server.IdentityAsync(stopping.Token) is not { } one)
            {
                if (server.Refusal is { } refusal && Interlocked.Exchange(ref refusalReported, refusal) != refusal)
                    Log.Unidentified(logger, refusal);
                return null;
            }
            identities.Add($"{server.EndPoint} {one}");
        }
        identities.Sort(StringComparer.Ordinal);
        return string.Join(", ", identities);
    }

    private static partial class Log
    {
        [LoggerMessage(
            Level = LogLevel.Information,
            Message = "Token record store connected, revocations are in effect; " +
                "records deleted again: {Deleted}, reduced again: {Reduced}")]
        public static partial void Replayed(ILogger logger, long deleted, int reduced);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Token record store is not ready: {Reason}")]
        public static partial void Waiting(ILogger logger, string reason, Exception exception);

        [LoggerMessage(
            Level = LogLevel.Warning,
            Message =
                "The Redis server does not permit INFO: {Refusal}. Revocations are repeated on each connection. Permit INFO to avoid that")]
        public static partial void Unidentified(ILogger logger, string refusal);
    }
}
