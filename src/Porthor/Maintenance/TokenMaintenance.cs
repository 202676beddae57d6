using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Porthor.History;
using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Maintenance;

/// <summary>
/// Performs the periodic maintenance: removes expired tokens and old history, and counts tokens. It works in batches, so that memory and
/// the number of locks are limited, and it pauses between batches, because forward authentication uses the same stores.
/// </summary>
public sealed partial class TokenMaintenance(
    TokenStore store, Retention retention, IMaintenanceObserver observer, TimeProvider clock, ILogger<TokenMaintenance> logger)
{
    private const int BatchSize = 1000;

    /// <summary>The number of tokens that are read at a time to find expired ones.</summary>
    private const int Steps = 5000;

    /// <summary>The pause after a full batch, as a multiple of the duration of the batch.</summary>
    private const int PauseFactor = 2;

    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The time by which the counted period begins after the oldest change that is kept. The stored count remains correct for this time
    /// even if maintenance does not run again.
    /// </summary>
    private static readonly TimeSpan CountMargin = TimeSpan.FromDays(2);

    /// <summary>
    /// The time after which no more changes are added to a period, even if a transaction was slow or the clock of its node is wrong.
    /// </summary>
    private static readonly TimeSpan SettlingTime = TimeSpan.FromHours(1);

    /// <summary>
    /// Completes interrupted revocations. Then removes the tokens that have expired, with an <c>expire</c> entry in the history for each,
    /// and returns the number of expired tokens (contract/tokens.md 7.10). Child tokens are removed before their parents, so that their
    /// history entries contain the parent. A child token that has not expired is kept and has no parent afterwards; only other software
    /// creates such a child token.
    /// </summary>
    /// <param name="progress">Receives the number of removed tokens; null if it is not needed.</param>
    /// <param name="cancellationToken">Cancels the operation between batches.</param>
    /// <exception cref="StoreUnavailableException">A store did not respond. Some tokens may have been removed.</exception>
    public async Task<long> ExpireTokensAsync(IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        var now = clock.GetSecondsNow();
        await store.CompleteRevocationsAsync(
            token => TokenChange.Of(token, ChangeAction.Revoke, TokenRecord.InternalUsername, ipAddress: null, now), cancellationToken);
        long total = 0, removed;
        bool skipped;
        do
        {
            (removed, skipped) = await ExpireOnceAsync(now, total, progress, cancellationToken);
            total += removed;
        }
        while (skipped && removed > 0);
        return total;
    }

    /// <summary>
    /// Processes all tokens once. Returns the number of removed tokens, and true if it skipped tokens that other transactions had locked.
    /// </summary>
    private async Task<(long Removed, bool Skipped)> ExpireOnceAsync(
        DateTimeOffset now, long total, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        long removed = 0;
        var skipped = false;
        TokenKey? after = null;
        do
        {
            var walked = await store.TokenIndex.WalkExpiredAsync(now, after, Steps, cancellationToken);
            HashSet<TokenKey> removedKeys = [];
            foreach (var batch in walked.Keys.Chunk(BatchSize))
            {
                // Some tokens have already been removed together with an ancestor.
                TokenKey[] left = [.. batch.Where(key => !removedKeys.Contains(key))];
                removed += await ExpireAsync(now, left, removedKeys, total + removed, progress, cancellationToken);
                skipped |= !left.All(removedKeys.Contains);
            }
            after = walked.Last;
        }
        while (after is not null);
        return (removed, skipped);
    }

    /// <summary>Removes expired tokens, and returns their number.</summary>
    /// <param name="now">The current time. Tokens that have expired at this time are removed.</param>
    /// <param name="keys">The tokens.</param>
    /// <param name="removedKeys">Receives the keys of the removed tokens.</param>
    /// <param name="total">The number of tokens that were removed before, for the progress.</param>
    /// <param name="progress">Receives the number of removed tokens; null if it is not needed.</param>
    /// <param name="cancellationToken">Cancels the operation between batches.</param>
    private async Task<int> ExpireAsync(
        DateTimeOffset now, IReadOnlyCollection<TokenKey> keys, HashSet<TokenKey> removedKeys, long total, IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        var count = 0;
        var begun = Stopwatch.GetTimestamp();
        var batches = store.ExpireTreesAsync(
            keys, now, token => TokenChange.Of(token, ChangeAction.Expire, TokenRecord.InternalUsername, ipAddress: null, now));
        await foreach (var removed in batches)
        {
            foreach (var token in removed)
            {
                removedKeys.Add(token.Token);
                Log.ExpiredToken(logger, token.Username, token.TokenType.ToText(), token.Token);
            }
            count += removed.Count;
            progress?.Report(total + count);
            cancellationToken.ThrowIfCancellationRequested();
            if (removed.Count == store.TokenIndex.BatchSize)
                await PauseAsync(begun, cancellationToken);
            begun = Stopwatch.GetTimestamp();
        }
        return count;
    }

    /// <summary>
    /// Removes the token changes and usage events that are older than their retention time. Returns the number of removed changes
    /// (contract/tokens.md 7.11).
    /// </summary>
    public async Task<long> TruncateHistoryAsync(IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        var now = clock.GetSecondsNow();
        var changes = await InBatchesAsync(
            () => retention.Changes.TruncateAsync(now - Retention.OfChanges, BatchSize, cancellationToken), progress, cancellationToken);
        await retention.Changes.StorePastCountAsync(now - Retention.OfChanges + CountMargin, now - SettlingTime, cancellationToken);
        if (retention.Usage is { } usage)
            await InBatchesAsync(
                () => usage.TruncateAsync(now - retention.OfUsage, BatchSize, cancellationToken), progress: null, cancellationToken);
        return changes;
    }

    /// <summary>Counts the users with sessions and the user tokens, and publishes both numbers (contract/tokens.md 7.12).</summary>
    public async Task<TokenCounts> CountTokensForMetricsAsync(CancellationToken cancellationToken = default)
    {
        var counts = await store.TokenIndex.CountAsync(clock.GetSecondsNow(), cancellationToken);
        observer.TokensCounted(counts);
        return counts;
    }

    /// <summary>Deletes all token records and returns their number. The caller deletes the rows of the token list.</summary>
    public Task<long> DeleteAllTokensAsync(CancellationToken cancellationToken = default) =>
        store.RecordStore.DeleteAllAsync(cancellationToken);

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
            await PauseAsync(begun, cancellationToken);
        }
    }

    /// <summary>Pauses after a batch. The pause uses real time and not the clock of the tokens.</summary>
    private static Task PauseAsync(long begun, CancellationToken cancellationToken)
    {
        var rest = PauseFactor * Stopwatch.GetElapsedTime(begun);
        return Task.Delay(rest < MaxPause ? rest : MaxPause, TimeProvider.System, cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Expired token")]
        public static partial void ExpiredToken(ILogger logger, string user, string tokenType, TokenKey token);
    }
}
