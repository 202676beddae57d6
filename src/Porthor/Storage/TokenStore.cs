using System.Diagnostics.CodeAnalysis;
using BitFaster.Caching.Lru;
using Microsoft.Extensions.Logging;
using Porthor.Tokens;

namespace Porthor.Storage;

/// <summary>
/// Token index and record store as one: reads records, and makes changes to both in the one order in which no crash, race or fault
/// can break the two promises (README.md in this folder). Every operation changes tokens through
/// <see cref="ChangeAsync{T}"/>, so none can get the order wrong.
/// </summary>
public sealed partial class TokenStore(
    ITokenIndex tokenIndex, ITokenRecordStore recordStore, RecordCodec codec, TokenStoreOptions options, ITokenStoreObserver observer, TimeProvider clock, ILogger<TokenStore> logger)
{
    /// <summary>How often a record is reconciled with the token index while other clients change it.</summary>
    private const int ReconciliationAttempts = 5;

    private readonly ConcurrentLru<TokenKey, DecryptedRecord> opened = observer.CreateCache<TokenKey, DecryptedRecord>("records", Math.Max(3, options.RememberedRecords));

    /// <summary>Told of each record that was found to be unreadable.</summary>
    public Action<UnreadableRecordException>? Damaged { get; init; }

    public ITokenIndex TokenIndex => tokenIndex;

    /// <summary>The usual time limit of changes.</summary>
    public TimeSpan ChangeTimeout => options.ChangeTimeout;

    public ITokenRecordStore RecordStore => recordStore;

    /// <summary>
    /// The record of a presented token, null if the token is not valid: unknown, its secret wrong, its record unreadable,
    /// or expired (contract/tokens.md 5, deviations 3 and 4). The store is not queried for a token that cannot have been issued.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The record store did not answer; nothing is known about the token.</exception>
    public async ValueTask<TokenRecord?> GetRecordAsync(Token token, CancellationToken cancellationToken)
    {
        if (!token.IsWellFormed)
            return null;
        opened.TryGet(token.Key, out var known);
        if (Open(token.Key, known, await recordStore.GetAsync(token.Key, known?.Sealed, cancellationToken)) is not { Record: var record })
            return null;
        if (record.Token.Equals(token))
            return record.IsExpired(clock.GetUtcNow()) ? null : record;
        Log.SecretMismatch(logger, $"Secret mismatch for {token.Key}");
        return null;
    }

    /// <summary>
    /// The record under a key, without proof that the caller knows the secret: for Porthor's own use, never to decide on a
    /// request. Null if it is missing, unreadable or expired.
    /// </summary>
    public async ValueTask<TokenRecord?> GetRecordAsync(TokenKey key, CancellationToken cancellationToken) =>
        key.IsWellFormed && Open(key, opened.TryGet(key, out var known) ? known : null, await recordStore.GetAsync(key, cancellationToken)) is { Record: var record } && record.Token.Key == key && !record.IsExpired(clock.GetUtcNow())
            ? record
            : null;

    /// <summary>
    /// What was last read about a presented token, whose secret is proven by it; null if nothing is remembered. It may have been
    /// revoked or changed since: to prepare an answer by, never to give one.
    /// </summary>
    public TokenRecord? TryGetCached(Token token) =>
        opened.TryGet(token.Key, out var known) && known.Record.Token.Equals(token) && !known.Record.IsExpired(clock.GetUtcNow()) ? known.Record : null;

    /// <summary>
    /// Makes a change: begins a transaction, does the work, and writes everything in the right order. If the database makes
    /// the transaction give way to another, all of it is done once more.
    /// </summary>
    /// <param name="timeLimit">Null for the usual limit of changes.</param>
    /// <param name="cancellationToken">
    /// Prevents the change, if cancelled before the change begins. A change that has begun is completed, because a partial change would
    /// leave an undefined state.
    /// </param>
    /// <exception cref="StoreUnavailableException">
    /// It failed, or its outcome is unknown. Created tokens do not work, revoked ones may or may not, and the caller may repeat.
    /// </exception>
    public async Task<T> ChangeAsync<T>(
        Func<TokenTransaction, Task<T>> work, TimeSpan? timeLimit = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var span = PorthorTraces.Begin("change tokens");
        var limit = timeLimit ?? options.ChangeTimeout;
        using var deadline = new CancellationTokenSource(limit, clock);
        var (result, behind) = await WithRetryAsync(() => AttemptAsync(work, limit, deadline.Token), attempts: 2, limit, deadline.Token);
        // The change is committed and must not be repeated; only the remaining steps are.
        foreach (var key in behind)
            await WithRetryAsync(() => ReconcileAsync(key, limit, deadline.Token), ReconciliationAttempts, limit, deadline.Token);
        return result;
    }

    private async Task<T> WithRetryAsync<T>(Func<Task<T>> work, int attempts, TimeSpan limit, CancellationToken deadline)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await work();
            }
            catch (TokenIndexConflictException e) when (attempt >= attempts)
            {
                throw new StoreUnavailableException("token list", "change", e);
            }
            catch (TokenIndexConflictException e)
            {
                Log.TryingAgain(logger, e.Message);
            }
            catch (OperationCanceledException e) when (deadline.IsCancellationRequested)
            {
                throw new StoreUnavailableException("token list", "change", new TimeoutException($"The change took longer than {limit}.", e));
            }
        }
    }

    /// <summary>Returns the result, and the tokens whose records allow less than the token index.</summary>
    private async Task<(T Result, IReadOnlyList<TokenKey> Behind)> AttemptAsync<T>(
        Func<TokenTransaction, Task<T>> work, TimeSpan limit, CancellationToken cancellationToken)
    {
        await using var indexTransaction = await tokenIndex.BeginAsync(limit, cancellationToken);
        var transaction = new TokenTransaction(indexTransaction, recordStore, codec, options, clock, cancellationToken);
        T result;
        try
        {
            result = await work(transaction);
            await transaction.CommitAsync();
        }
        catch
        {
            await UndoAsync(transaction, indexTransaction);
            throw;
        }
        if (!transaction.IsAbandoned)
            observer.TokensChanged(transaction.Changes);
        return (result, await transaction.WidenAsync());
    }

    /// <summary>
    /// Deletes the records of tokens that will not be handed out. Not bound to the caller's deadline, which may be what
    /// failed; the record store bounds each call. What remains nobody knows the secret of, and the audit removes it.
    /// </summary>
    private async Task UndoAsync(TokenTransaction transaction, ITokenIndexTransaction indexTransaction)
    {
        if (recordStore.IsTransactional || transaction.WrittenRecords.Count == 0)
            return;
        try
        {
            await recordStore.Within(indexTransaction).DeleteAsync(transaction.WrittenRecords, CancellationToken.None);
        }
        catch (StoreUnavailableException e)
        {
            Log.RecordLeftBehind(logger, string.Join(' ', transaction.WrittenRecords), e);
        }
    }

    /// <summary>
    /// The token index says more than the record, because the record changed between the commit and the write that was to widen
    /// it. Decides again, under the lock.
    /// </summary>
    private async Task<bool> ReconcileAsync(TokenKey key, TimeSpan limit, CancellationToken cancellationToken)
    {
        await using var indexTransaction = await tokenIndex.BeginAsync(limit, cancellationToken);
        var transaction = new TokenTransaction(indexTransaction, recordStore, codec, options, clock, cancellationToken);
        if (await transaction.LockAsync(key) is not { } row || await transaction.ReadRecordAsync(key) is not { } found)
            return false;
        transaction.Edit(found, found.Record with { Scopes = row.Scopes, Expires = row.Expires });
        await transaction.CommitAsync();
        if ((await transaction.WidenAsync()).Count > 0)
            throw new TokenIndexConflictException($"The record of {key} changed since it was read.");
        return true;
    }

    /// <summary>Opens what the record store holds, or finds it opened before; null if it holds nothing of ours.</summary>
    private DecryptedRecord? Open(TokenKey key, DecryptedRecord? known, EncryptedRecord? found)
    {
        if (found is not { } current)
        {
            opened.TryRemove(key);
            return null;
        }
        if (known?.Sealed == current)
            return known;
        if (!TryOpen(key, current, out var fresh))
        {
            opened.TryRemove(key);
            return null;
        }
        opened.AddOrUpdate(key, fresh);
        return fresh;
    }

    private bool TryOpen(TokenKey key, EncryptedRecord current, [NotNullWhen(true)] out DecryptedRecord? fresh)
    {
        try
        {
            observer.RecordDecrypted();
            fresh = new DecryptedRecord(current, codec.Open(key, current));
            return true;
        }
        catch (UnreadableRecordException e)
        {
            Log.Unreadable(logger, $"{e.Message}: {e.Detail}", e);
            Damaged?.Invoke(e);
            fresh = null;
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot retrieve token data")]
        public static partial void SecretMismatch(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Error, Message = "Cannot retrieve token")]
        public static partial void Unreadable(ILogger logger, string error, Exception exception);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Transaction gave way to another, trying again")]
        public static partial void TryingAgain(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot revoke a token and its descendants in one transaction, continuing in several")]
        public static partial void RevokingInSteps(ILogger logger, TokenKey tokenKey, string error, Exception exception);

        [LoggerMessage(Level = LogLevel.Information, Message = "Completed interrupted revocation")]
        public static partial void RevocationCompleted(ILogger logger, TokenKey tokenKey, string user);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Records of tokens that were not created are left behind; the audit removes them")]
        public static partial void RecordLeftBehind(ILogger logger, string tokenKey, Exception exception);
    }
}

/// <summary>A record together with the ciphertext it was read from.</summary>
public sealed record DecryptedRecord(EncryptedRecord Sealed, TokenRecord Record);
