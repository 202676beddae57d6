using System.Diagnostics.CodeAnalysis;
using BitFaster.Caching.Lru;
using Microsoft.Extensions.Logging;
using Porthor.Tokens;

namespace Porthor.Storage;

/// <summary>
/// Combines the token index and the record store. It reads records, and writes to both stores in an order that ensures the two guarantees
/// of README.md (in this folder) despite crashes, races and failures. Every operation that changes tokens calls <see
/// cref="ChangeAsync{T}"/>.
/// </summary>
public sealed partial class TokenStore(
    ITokenIndex tokenIndex, ITokenRecordStore recordStore, RecordCodec codec, TokenStoreOptions options, ITokenStoreObserver observer,
    TimeProvider clock, ILogger<TokenStore> logger)
{
    /// <summary>The number of attempts to reconcile a record with the token index while other clients change it.</summary>
    private const int ReconciliationAttempts = 5;

    private readonly ConcurrentLru<TokenKey, DecryptedRecord> decryptedRecords = observer.CreateCache<TokenKey, DecryptedRecord>(
        "records", Math.Max(3, options.CachedRecords));

    /// <summary>Called for each record that cannot be read; null for no call.</summary>
    public Action<UnreadableRecordException>? Damaged { get; init; }

    /// <summary>Returns the token index.</summary>
    public ITokenIndex TokenIndex => tokenIndex;

    /// <summary>Returns the default time limit of changes.</summary>
    public TimeSpan ChangeTimeout => options.ChangeTimeout;

    /// <summary>Returns the record store.</summary>
    public ITokenRecordStore RecordStore => recordStore;

    /// <summary>
    /// Returns the record of a presented token. Returns null if the token is not valid: if it is unknown, its secret is wrong, its record
    /// cannot be read, or it has expired (contract/tokens.md 5, deviations 3 and 4). If Porthor cannot have issued the token, because of
    /// its characters, the store is not queried.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The record store did not respond. The token may be valid.</exception>
    public async ValueTask<TokenRecord?> GetRecordAsync(Token token, CancellationToken cancellationToken)
    {
        if (!token.IsWellFormed)
            return null;
        decryptedRecords.TryGet(token.Key, out var known);
        var found = await recordStore.GetAsync(token.Key, known?.Encrypted, cancellationToken);
        if (Decrypt(token.Key, known, found) is not { Record: var record })
            return null;
        if (record.Token.Equals(token))
            return record.IsExpired(clock.GetUtcNow()) ? null : record;
        Log.SecretMismatch(logger, $"Secret mismatch for {token.Key}");
        return null;
    }

    /// <summary>
    /// Returns the record of a key without a check of the secret, for internal operations. The result must not be used to authorize a
    /// request. Returns null if the record is missing, cannot be read, or has expired.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The record store did not respond.</exception>
    public async ValueTask<TokenRecord?> GetRecordAsync(TokenKey key, CancellationToken cancellationToken) =>
        key.IsWellFormed
            && Decrypt(key, decryptedRecords.TryGet(key, out var known) ? known : null, await recordStore.GetAsync(key, cancellationToken))
                is { Record: var record }
            && record.Token.Key == key && !record.IsExpired(clock.GetUtcNow())
            ? record
            : null;

    /// <summary>
    /// Returns the cached record of a presented token if the secret matches; null if there is none, or if it has expired. The token may
    /// have been revoked or changed since the record was cached. Operations may begin with this record, but it must not be used to
    /// authorize a request.
    /// </summary>
    public TokenRecord? TryGetCached(Token token) =>
        decryptedRecords.TryGet(token.Key, out var known) && known.Record.Token.Equals(token) && !known.Record.IsExpired(clock.GetUtcNow())
            ? known.Record
            : null;

    /// <summary>
    /// Changes tokens: begins a transaction, calls <paramref name="work"/>, and sends all writes in the correct order. If the database
    /// rolls the transaction back because of a conflict, the change is attempted again once.
    /// </summary>
    /// <param name="work">Reads, locks and changes tokens with the methods of the transaction. It may be called twice.</param>
    /// <param name="timeLimit">The time limit; null for <see cref="ChangeTimeout"/>.</param>
    /// <param name="cancellationToken">
    /// Prevents the change if it is cancelled before the change begins. A change that has begun is not cancelled, because the stores could
    /// then differ.
    /// </param>
    /// <exception cref="StoreUnavailableException">
    /// The change failed, or its result is unknown. Created tokens are not valid, revoked tokens may still be valid, and the caller may
    /// retry.
    /// </exception>
    public async Task<T> ChangeAsync<T>(
        Func<TokenTransaction, Task<T>> work, TimeSpan? timeLimit = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var span = PorthorTraces.Begin("change tokens");
        var limit = timeLimit ?? options.ChangeTimeout;
        using var deadline = new CancellationTokenSource(limit, clock);
        var (result, outdated) = await WithRetryAsync(() => AttemptAsync(work, limit, deadline.Token), attempts: 2, limit, deadline.Token);
        // The change is committed and must not be attempted again. Only the remaining steps are attempted several times.
        foreach (var key in outdated)
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
                throw new StoreUnavailableException(
                    "token list", "change", new TimeoutException($"The change took longer than {limit}.", e));
            }
        }
    }

    /// <summary>Attempts the change once. Returns the result, and the tokens whose records differ from the token index.</summary>
    private async Task<(T Result, IReadOnlyList<TokenKey> Outdated)> AttemptAsync<T>(
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
        return (result, [.. await transaction.ConfirmReductionsAsync(), .. await transaction.ExtendAsync()]);
    }

    /// <summary>
    /// Deletes the records of tokens that are not issued because their transaction failed. The time limit of the change is not used,
    /// because it may have ended; the record store limits the duration of the call. If the deletion fails, the record remains until the
    /// audit removes it. No client has the secret of such a record.
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
    /// Sets the scopes and the expiration of a record to those in the token index, under a lock. This is necessary if the record was
    /// changed between the commit and the write that extends it, or if Redis lost the write that reduced it.
    /// </summary>
    private async Task<bool> ReconcileAsync(TokenKey key, TimeSpan limit, CancellationToken cancellationToken)
    {
        await using var indexTransaction = await tokenIndex.BeginAsync(limit, cancellationToken);
        var transaction = new TokenTransaction(indexTransaction, recordStore, codec, options, clock, cancellationToken);
        if (await transaction.LockAsync(key) is not { } row || await transaction.ReadRecordAsync(key) is not { } found)
            return false;
        transaction.Edit(found, found.Record with { Scopes = row.Scopes, Expires = row.Expires });
        await transaction.CommitAsync();
        if ((await transaction.ExtendAsync()).Count > 0)
            throw new TokenIndexConflictException($"The record of {key} changed since it was read.");
        return true;
    }

    /// <summary>
    /// Decrypts a record, or returns the cached one if the ciphertext is the same. Returns null if there is no record or it cannot be
    /// read.
    /// </summary>
    private DecryptedRecord? Decrypt(TokenKey key, DecryptedRecord? known, EncryptedRecord? found)
    {
        if (found is not { } current)
        {
            decryptedRecords.TryRemove(key);
            return null;
        }
        if (known?.Encrypted == current)
            return known;
        if (!TryDecrypt(key, current, out var fresh))
        {
            decryptedRecords.TryRemove(key);
            return null;
        }
        decryptedRecords.AddOrUpdate(key, fresh);
        return fresh;
    }

    private bool TryDecrypt(TokenKey key, EncryptedRecord current, [NotNullWhen(true)] out DecryptedRecord? fresh)
    {
        try
        {
            observer.RecordDecrypted();
            fresh = new DecryptedRecord(current, codec.Decrypt(key, current));
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

        [LoggerMessage(Level = LogLevel.Debug, Message = "Transaction conflicted with another one, retrying")]
        public static partial void TryingAgain(ILogger logger, string error);

        [LoggerMessage(
            Level = LogLevel.Warning,
            Message = "Cannot revoke a token and its descendants in one transaction, continuing in several")]
        public static partial void RevokingInSteps(ILogger logger, TokenKey tokenKey, string error, Exception exception);

        [LoggerMessage(Level = LogLevel.Information, Message = "Completed interrupted revocation")]
        public static partial void RevocationCompleted(ILogger logger, TokenKey tokenKey, string user);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot delete records of tokens that were not created. The audit removes them")]
        public static partial void RecordLeftBehind(ILogger logger, string tokenKey, Exception exception);
    }
}

/// <summary>Represents a record together with the ciphertext from which it was read.</summary>
public sealed record DecryptedRecord(EncryptedRecord Encrypted, TokenRecord Record);
