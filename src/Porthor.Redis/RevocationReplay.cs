using Microsoft.Extensions.Logging;
using Porthor.Storage;
using Porthor.Tokens;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>
/// Keeps an acknowledged revocation in effect when Redis forgets it. Redis may lose its last writes when it restarts or
/// fails over; a deletion lost so would bring a revoked token back to life. Before the vault answers through a new
/// connection, the keys that the ledger remembers as revoked are therefore deleted again, unless the server on the other
/// side is the very one, with the very data, for which that was done before.
/// </summary>
internal sealed partial class RevocationReplay(IRevocationLog revocations, TimeProvider clock, ILogger logger)
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

    public void Start(RedisServer server, Func<TokenKey, RedisKey> keyOf) => work = Task.Run(() => RunAsync(server, keyOf));

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

    private async Task RunAsync(RedisServer server, Func<TokenKey, RedisKey> keyOf)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await required.WaitAsync(stopping.Token);
                // A pause between attempts passes in real time, whatever the clock of the tokens says.
                while (!await TryAsync(server, keyOf))
                    await Task.Delay(Pause, stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Does what is required for the newest connection. False if it failed or a newer one came.</summary>
    private async Task<bool> TryAsync(RedisServer server, Func<TokenKey, RedisKey> keyOf)
    {
        var target = Volatile.Read(ref connection);
        try
        {
            var seen = await IdentityAsync(server);
            if (seen is null || seen != identity)
            {
                var deleted = await ReplayAsync(server, keyOf);
                Log.Replayed(logger, deleted);
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

    private async Task<long> ReplayAsync(RedisServer server, Func<TokenKey, RedisKey> keyOf)
    {
        long deleted = 0;
        TokenKey? after = null;
        IReadOnlyList<TokenKey> keys;
        do
        {
            keys = await revocations.RevokedAsync(clock.GetUtcNow(), after, BatchSize, stopping.Token);
            if (keys.Count == 0)
                break;
            deleted += await server.CallAsync("deleting revoked records again", db => db.KeyDeleteAsync([.. keys.Select(keyOf)]), stopping.Token);
            after = keys[^1];
        }
        while (keys.Count == BatchSize);
        return deleted;
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
        [LoggerMessage(Level = LogLevel.Information, Message = "Vault connected, revocations are in effect; records deleted again: {Deleted}")]
        public static partial void Replayed(ILogger logger, long deleted);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Vault is not ready")]
        public static partial void Waiting(ILogger logger, string error, Exception exception);
    }
}
