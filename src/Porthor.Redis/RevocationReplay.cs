using Microsoft.Extensions.Logging;
using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.Redis;

/// <summary>
/// Keeps in effect what was taken from tokens when Redis forgets it. Redis may lose its last writes when it restarts or
/// fails over; a deletion lost so would bring a revoked token back to life, and a replacement would give a scope back. Before the
/// vault answers through a new connection, the keys that the ledger remembers as revoked are therefore deleted again, and the records of
/// tokens that were edited lately are cut to what is listed; unless the server on the other side is the very one, with the very data,
/// for which that was done before.
/// </summary>
/// <param name="memory">For how long an edit is remembered.</param>
internal sealed partial class RevocationReplay(IRevocationLog revocations, RecordCodec codec, TimeSpan memory, TimeProvider clock, ILogger logger)
    : IAsyncDisposable
{
    private const int BatchSize = 1000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim required = new(0);
    private readonly Lock state = new();
    private TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int connection;
    private string? identity;
    private bool reported;
    private Task work = Task.CompletedTask;

    /// <summary>Nothing may be read from now on, until the replay is done for the connection that is being made.</summary>
    public void Require()
    {
        lock (state)
        {
            connection++;
            if (done.Task.IsCompleted)
                done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        required.Release();
    }

    public void Start(RedisVault vault) => work = Task.Run(() => RunAsync(vault));

    /// <summary>Whether the vault may be read.</summary>
    public bool IsDone => Volatile.Read(ref done).Task.IsCompletedSuccessfully;

    /// <summary>Waits until the vault may be read.</summary>
    public Task DoneAsync(TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        var current = Volatile.Read(ref done).Task;
        return current.IsCompletedSuccessfully ? current : WaitAsync(current, timeLimit, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await work;
        stopping.Dispose();
        required.Dispose();
    }

    private static async Task WaitAsync(Task current, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        try
        {
            await current.WaitAsync(timeLimit > TimeSpan.Zero ? timeLimit : TimeSpan.Zero, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new StoreUnavailableException("vault", "waiting until revocations are in effect again", e);
        }
    }

    private async Task RunAsync(RedisVault vault)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await required.WaitAsync(stopping.Token);
                // A pause between attempts passes in real time, whatever the clock of the tokens says.
                while (!await TryAsync(vault))
                    await Task.Delay(Pause, stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Does what is required for the newest connection. False if it failed or a newer one came.</summary>
    private async Task<bool> TryAsync(RedisVault vault)
    {
        var target = Volatile.Read(ref connection);
        try
        {
            var seen = await IdentityAsync(vault.Server);
            if (seen is null || seen != identity)
            {
                Log.Replayed(logger, await DeleteAsync(vault), await NarrowAsync(vault));
                identity = seen;
            }
            lock (state)
            {
                if (target != connection)
                    return false;
                done.TrySetResult();
                reported = false;
                return true;
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever it was: without the replay nothing may be read, and only another try can end that.
            // Once for each time that it is not ready; it is tried ten times a second.
            if (!reported)
                Log.Waiting(logger, e.Message, e);
            reported = true;
            return false;
        }
    }

    private async Task<long> DeleteAsync(RedisVault vault)
    {
        long deleted = 0;
        await foreach (var keys in InBatchesAsync(after => revocations.RevokedAsync(clock.GetUtcNow(), after, BatchSize, stopping.Token), key => key))
            deleted += await vault.DeleteAgainAsync(keys, stopping.Token);
        return deleted;
    }

    private async Task<int> NarrowAsync(RedisVault vault)
    {
        var (narrowed, since) = (0, clock.GetUtcNow() - memory);
        await foreach (var tokens in InBatchesAsync(after => revocations.EditedAsync(since, after, BatchSize, stopping.Token), token => token.Token))
        {
            var records = await vault.GetUncertainAsync([.. tokens.Select(token => token.Token)], stopping.Token);
            foreach (var token in tokens)
            {
                if (records.TryGetValue(token.Token, out var found) && await NarrowAsync(vault, token, found))
                    narrowed++;
            }
        }
        return narrowed;
    }

    private static async IAsyncEnumerable<IReadOnlyList<T>> InBatchesAsync<T>(Func<TokenKey?, Task<IReadOnlyList<T>>> next, Func<T, TokenKey> keyOf)
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

    /// <summary>Cuts a record to what is listed. False if it allows no more than that.</summary>
    private async Task<bool> NarrowAsync(IVaultSession vault, TokenInfo listed, SealedRecord found)
    {
        // What cannot be read does not work.
        if (codec.TryOpen(listed.Token, found) is not { } record)
            return false;
        var allowed = record.Within(listed.Scopes, listed.Expires);
        if (allowed == record)
            return false;
        if ((await vault.ReplaceAsync([new RecordReplacement(listed.Token, found, codec.Seal(allowed), allowed.Expires)], stopping.Token)).Count > 0)
            throw new StoreUnavailableException("vault", "narrowing a record again, which somebody has replaced meanwhile");
        return true;
    }

    /// <summary>What tells a server and its data from every other; null if the server does not say.</summary>
    private async Task<string?> IdentityAsync(RedisServer server)
    {
        var info = (string?)await server.CallAsync("asking who the server is", db => db.ExecuteAsync("INFO", "default"), stopping.Token) ?? "";
        var lines = info.Split("\r\n");
        string? Field(string name) => lines.FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return Field("run_id") is { } run && Field("master_replid") is { } data ? $"{run} {data}" : null;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Vault connected, revocations are in effect; records deleted again: {Deleted}, narrowed again: {Narrowed}")]
        public static partial void Replayed(ILogger logger, long deleted, int narrowed);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Vault is not ready")]
        public static partial void Waiting(ILogger logger, string error, Exception exception);
    }
}
