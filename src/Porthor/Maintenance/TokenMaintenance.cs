using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Porthor.History;
using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Maintenance;

/// <summary>
/// What is done from time to time: expired tokens and old history are removed, and the state is counted. Everything goes in
/// batches, so that neither memory nor the locks held depend on how much there is; and with rests in between, because whoever asks at the
/// gate uses the same stores.
/// </summary>
public sealed partial class TokenMaintenance(
    TokenStore store, Retention retention, IMaintenanceObserver observer, TimeProvider clock, ILogger<TokenMaintenance> logger)
{
    private const int BatchSize = 1000;

    /// <summary>How many tokens are looked at for the next that have expired.</summary>
    private const int Steps = 5000;

    /// <summary>How many times as long as a full batch took the next is waited with.</summary>
    private const int Rest = 2;

    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(1);

    /// <summary>For how long what is noted about the past holds, if nobody runs maintenance: then the first of it ends.</summary>
    private static readonly TimeSpan NotedFor = TimeSpan.FromDays(2);

    /// <summary>After this long no change of a time comes to it any more, however long it took and wrong its node's clock is.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromHours(1);

    /// <summary>
    /// Removes the tokens that have expired, each with a change <c>expire</c>; says how many (contract/tokens.md 7.10). Children go
    /// before their parents, so that each change can tell whose child it was. A child that has not
    /// expired, which can only be left over from another's mistake, stays and loses its parent.
    /// Before that, completes revocations that were interrupted, which are not counted.
    /// </summary>
    public async Task<long> ExpireTokensAsync(IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        var now = clock.GetSecondsNow();
        await store.CompleteRevocationsAsync(
            token => TokenChange.Of(token, ChangeAction.Revoke, TokenRecord.InternalUsername, ipAddress: null, now), cancellationToken);
        long total = 0, removed;
        bool passedOver;
        do
        {
            (removed, passedOver) = await ExpireOnceAsync(now, total, progress, cancellationToken);
            total += removed;
        }
        while (passedOver && removed > 0);
        return total;
    }

    /// <summary>
    /// Processes all tokens once. Returns how many it removed, and whether it skipped tokens that other transactions had locked.
    /// </summary>
    private async Task<(long Removed, bool PassedOver)> ExpireOnceAsync(DateTimeOffset now, long total, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        long removed = 0;
        var passedOver = false;
        TokenKey? after = null;
        do
        {
            var walked = await store.TokenIndex.WalkExpiredAsync(now, after, Steps, cancellationToken);
            HashSet<TokenKey> gone = [];
            foreach (var batch in walked.Keys.Chunk(BatchSize))
            {
                // Some were removed before, together with an ancestor.
                TokenKey[] left = [.. batch.Where(key => !gone.Contains(key))];
                removed += await ExpireAsync(now, left, gone, total + removed, progress, cancellationToken);
                passedOver |= !left.All(gone.Contains);
            }
            after = walked.Last;
        }
        while (after is not null);
        return (removed, passedOver);
    }

    /// <param name="gone">Receives the removed tokens.</param>
    private async Task<int> ExpireAsync(
        DateTimeOffset now, IReadOnlyCollection<TokenKey> keys, HashSet<TokenKey> gone, long total, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var count = 0;
        var begun = Stopwatch.GetTimestamp();
        var batches = store.ExpireTreesAsync(
            keys, now, token => TokenChange.Of(token, ChangeAction.Expire, TokenRecord.InternalUsername, ipAddress: null, now));
        await foreach (var removed in batches)
        {
            foreach (var token in removed)
            {
                gone.Add(token.Token);
                Log.ExpiredToken(logger, token.Username, token.TokenType.ToText(), token.Token);
            }
            count += removed.Count;
            progress?.Report(total + count);
            cancellationToken.ThrowIfCancellationRequested();
            if (removed.Count == store.TokenIndex.BatchSize)
                await RestAsync(begun, cancellationToken);
            begun = Stopwatch.GetTimestamp();
        }
        return count;
    }

    /// <summary>Removes the changes and uses from before their retention; says how many changes (contract/tokens.md 7.11).</summary>
    public async Task<long> TruncateHistoryAsync(IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        var now = clock.GetSecondsNow();
        var changes = await InBatchesAsync(
            () => retention.Changes.TruncateAsync(now - Retention.OfChanges, BatchSize, cancellationToken), progress, cancellationToken);
        await retention.Changes.NotePastAsync(now - Retention.OfChanges + NotedFor, now - Settled, cancellationToken);
        if (retention.Uses is { } uses)
            await InBatchesAsync(() => uses.TruncateAsync(now - retention.OfUses, BatchSize, cancellationToken), progress: null, cancellationToken);
        return changes;
    }

    /// <summary>Counts users with sessions, and user tokens, and publishes both (contract/tokens.md 7.12).</summary>
    public async Task<TokenCounts> CountTokensForMetricsAsync(CancellationToken cancellationToken = default)
    {
        var counts = await store.TokenIndex.CountAsync(clock.GetSecondsNow(), cancellationToken);
        observer.TokensCounted(counts);
        return counts;
    }

    /// <summary>Deletes all token records and returns their number. The caller deletes the rows of the token list.</summary>
    public Task<long> DeleteAllTokensAsync(CancellationToken cancellationToken = default) => store.RecordStore.DeleteAllAsync(cancellationToken);

    private static async Task<long> InBatchesAsync(Func<Task<int>> delete, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        long total = 0;
        while (true)
        {
            var begun = Stopwatch.GetTimestamp();
            var deleted = await delete();
            total += deleted;
            progress?.Report(total);
            if (deleted < BatchSize)
                return total;
            await RestAsync(begun, cancellationToken);
        }
    }

    /// <summary>In real time, whatever the clock of the tokens says.</summary>
    private static Task RestAsync(long begun, CancellationToken cancellationToken)
    {
        var rest = Rest * Stopwatch.GetElapsedTime(begun);
        return Task.Delay(rest < LongestRest ? rest : LongestRest, TimeProvider.System, cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Expired token")]
        public static partial void ExpiredToken(ILogger logger, string user, string tokenType, TokenKey token);
    }
}
