using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Porthor.Events;
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
    TokenStore store, Retention retention, PorthorMetrics metrics, TimeProvider clock, ILogger<TokenMaintenance> logger)
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
    /// before their parents, generation by generation, so that each change can tell whose child it was. A child that has not
    /// expired, which can only be left over from another's mistake, stays and loses its parent.
    /// </summary>
    public async Task<long> ExpireTokensAsync(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var now = clock.GetSecondsNow();
        long total = 0, removed;
        bool passedOver;
        do
        {
            (removed, passedOver) = await ExpireGenerationAsync(now, total, progress, cancellationToken);
            total += removed;
        }
        while (passedOver && removed > 0);
        return total;
    }

    /// <summary>Walks through all tokens once; says how many it removed, and whether any had to wait for its children, or for others.</summary>
    private async Task<(long Removed, bool PassedOver)> ExpireGenerationAsync(DateTimeOffset now, long total, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        long removed = 0, expired = 0;
        TokenKey? after = null;
        do
        {
            var walked = await store.Ledger.WalkExpiredAsync(now, after, Steps, cancellationToken);
            foreach (var batch in walked.Keys.Chunk(BatchSize))
            {
                var begun = Stopwatch.GetTimestamp();
                removed += await ExpireAsync(now, batch, cancellationToken);
                expired += batch.Length;
                progress?.Report(total + removed);
                if (batch.Length == BatchSize)
                    await RestAsync(begun, cancellationToken);
            }
            after = walked.Last;
        }
        while (after is not null);
        return (removed, removed < expired);
    }

    private async Task<int> ExpireAsync(DateTimeOffset now, IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken)
    {
        var removed = await store.ChangeAsync(
            async transaction =>
            {
                var expired = await transaction.LockExpiredAsync(now, keys);
                transaction.Expire(
                    expired,
                    [.. expired.Select(t => TokenChange.Of(t, ChangeAction.Expire, TokenRecord.InternalUsername, ipAddress: null, now))]);
                return expired;
            },
            cancellationToken: cancellationToken);
        foreach (var token in removed)
            Log.ExpiredToken(logger, token.Username, token.TokenType.ToText(), token.Token);
        return removed.Count;
    }

    /// <summary>Removes the changes and uses from before their retention; says how many changes (contract/tokens.md 7.11).</summary>
    public async Task<long> TruncateHistoryAsync(IProgress<long>? progress, CancellationToken cancellationToken)
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
    public async Task<TokenCounts> GatherStateMetricsAsync(CancellationToken cancellationToken)
    {
        var counts = await store.Ledger.CountAsync(clock.GetSecondsNow(), cancellationToken);
        metrics.ActiveUserSessions(counts.SessionUsers);
        metrics.ActiveUserTokens(counts.UserTokens);
        return counts;
    }

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
