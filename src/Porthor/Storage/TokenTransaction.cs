using Porthor.History;
using Porthor.Tokens;

namespace Porthor.Storage;

/// <summary>
/// Represents a change of tokens in progress, with the locks that it holds and the writes to both stores that it has collected. Operations
/// add writes; only this class determines the order in which they are sent (README.md in this folder).
/// </summary>
public sealed class TokenTransaction
{
    private readonly ITokenIndexTransaction tokenIndex;
    private readonly IRecordStoreSession recordStore;
    private readonly bool isTransactional;
    private readonly RecordCodec codec;
    private readonly TokenStoreOptions options;
    private readonly TimeProvider clock;
    private readonly CancellationToken cancellationToken;

    private readonly List<TokenRecord> creations = [];
    private readonly List<TokenKey> removals = [];
    private readonly List<TokenKey> revocations = [];
    private readonly List<RecordEdit> edits = [];
    private readonly List<TokenKey> written = [];
    private readonly List<TokenChange> changes = [];

    internal TokenTransaction(
        ITokenIndexTransaction tokenIndex, ITokenRecordStore recordStore, RecordCodec codec, TokenStoreOptions options, TimeProvider clock,
        CancellationToken cancellationToken)
    {
        this.tokenIndex = tokenIndex;
        this.recordStore = recordStore.Within(tokenIndex);
        isTransactional = recordStore.IsTransactional;
        this.codec = codec;
        this.options = options;
        this.clock = clock;
        this.cancellationToken = cancellationToken;
    }

    /// <summary>Returns the records that were written before the commit. They are deleted again if the commit fails.</summary>
    internal IReadOnlyList<TokenKey> WrittenRecords => written;

    /// <summary>True if the transaction must not be committed.</summary>
    internal bool IsAbandoned { get; private set; }

    /// <summary>Returns the history entries that this transaction writes.</summary>
    internal IReadOnlyList<TokenChange> Changes => changes;

    /// <inheritdoc cref="ITokenIndexTransaction.LockAsync"/>
    public Task<TokenInfo?> LockAsync(TokenKey key) => tokenIndex.LockAsync(key, cancellationToken);

    /// <inheritdoc cref="ITokenIndexTransaction.LockInOrderAsync"/>
    public Task<IReadOnlyList<TokenInfo>> LockInOrderAsync(IReadOnlyList<TokenKey> keys) =>
        tokenIndex.LockInOrderAsync(keys, cancellationToken);

    /// <inheritdoc cref="ITokenIndexTransaction.LockAvailableAsync"/>
    public Task<IReadOnlyList<TokenInfo>> LockAvailableAsync(IReadOnlyCollection<TokenKey> keys) =>
        tokenIndex.LockAvailableAsync(keys, cancellationToken);

    /// <inheritdoc cref="ITokenIndexTransaction.LockParentAsync"/>
    public Task<ParentLimits?> LockParentAsync(TokenKey parent) => tokenIndex.LockParentAsync(parent, cancellationToken);

    /// <inheritdoc cref="ITokenIndexTransaction.CountUserTokensAsync"/>
    public Task<UserTokenUsage> CountUserTokensAsync(string username, TokenLimits limits, DateTimeOffset now) =>
        tokenIndex.CountUserTokensAsync(username, limits, now, cancellationToken);

    /// <summary>
    /// Uses a name once, in this transaction (<see cref="ITokenIndexTransaction.TryUseOnceAsync"/>). Returns false if it was used before.
    /// </summary>
    public Task<bool> TryUseOnceAsync(string name, TimeSpan lifetime)
    {
        var now = clock.GetUtcNow();
        return tokenIndex.TryUseOnceAsync(name, now + lifetime, now, cancellationToken);
    }

    /// <inheritdoc cref="ITokenIndexTransaction.LockExpiredAsync"/>
    public Task<IReadOnlyList<TokenInfo>> LockExpiredAsync(DateTimeOffset now, IReadOnlyCollection<TokenKey> keys) =>
        tokenIndex.LockExpiredAsync(now, keys, cancellationToken);

    /// <inheritdoc cref="ITokenIndexTransaction.ClaimAbsentAsync"/>
    public Task<IReadOnlyList<TokenKey>> ClaimAbsentAsync(IReadOnlyCollection<TokenKey> keys) =>
        tokenIndex.ClaimAbsentAsync(keys, cancellationToken);

    /// <summary>
    /// Reads and locks tokens of a tree, and those of their children that were created after the tree was read. When this method returns,
    /// each child of the tokens is in the result or in <paramref name="except"/>, and no other child can be created until the transaction
    /// ends.
    /// </summary>
    /// <param name="deepestFirst">The tokens, children before their parents.</param>
    /// <param name="lockedParents">Tokens that this transaction has already locked, and whose children belong to the tree.</param>
    /// <param name="except">Tokens that are not locked, because they have been processed already.</param>
    /// <returns>The tokens that are still listed, children before their parents.</returns>
    public async Task<IReadOnlyList<TokenInfo>> LockTreeAsync(
        IReadOnlyList<TokenKey> deepestFirst, IReadOnlyCollection<TokenKey> lockedParents, IReadOnlySet<TokenKey> except)
    {
        HashSet<TokenKey> seen = [.. deepestFirst, .. lockedParents];
        // Parents are locked before their children, as in every transaction.
        List<TokenInfo> rows = [.. await tokenIndex.LockInOrderAsync([.. deepestFirst.Reverse()], cancellationToken)];
        IReadOnlyList<TokenKey> parents = [.. lockedParents, .. rows.Select(row => row.Token)];
        while (parents.Count > 0)
        {
            // This statement must be sent after the locks were acquired; otherwise it could miss children.
            var children = await tokenIndex.ReadChildKeysAsync(parents, cancellationToken);
            TokenKey[] created = [.. children.Where(key => !except.Contains(key) && seen.Add(key)).OrderDescending()];
            var more = await tokenIndex.LockInOrderAsync(created, cancellationToken);
            rows.AddRange(more);
            parents = [.. more.Select(row => row.Token)];
        }
        rows.Reverse();
        return rows;
    }

    /// <summary>
    /// Returns those of the tokens that belong to a tree whose revocation began within the last <see
    /// cref="TokenStoreOptions.ChangeTimeout"/>.
    /// </summary>
    public async Task<IReadOnlySet<TokenKey>> ReadBeingRevokedAsync(IReadOnlyCollection<TokenKey> keys) => keys.Count == 0
        ? new HashSet<TokenKey>()
        : (await tokenIndex.ReadBeingRevokedAsync(
            keys, clock.GetUtcNow() + options.RevocationRetention - options.ChangeTimeout, cancellationToken)).ToHashSet();

    /// <summary>Returns true if any of the tokens has a child.</summary>
    public async Task<bool> HaveChildrenAsync(IReadOnlyCollection<TokenKey> keys) =>
        (await tokenIndex.ReadChildKeysAsync(keys, cancellationToken)).Count > 0;

    /// <summary>
    /// Deletes the record of a locked token, and records the token as revoked, before its descendants are revoked. Until its row is
    /// removed, no child of the token or of a descendant can be created. If the revocation is interrupted, maintenance completes it.
    /// </summary>
    public void BeginRevocation(TokenKey key)
    {
        removals.Add(key);
        revocations.Add(key);
        tokenIndex.RecordRevoked([key], clock.GetUtcNow() + options.RevocationRetention);
    }

    /// <summary>
    /// Deletes the records of tokens that will be revoked, before their locks are acquired. <see cref="Revoke"/> deletes the records of
    /// tokens that are created in the meantime, after the locks were acquired.
    /// </summary>
    public async Task DeleteRecordsEarlyAsync(IReadOnlyList<TokenKey> keys)
    {
        // If the record store is transactional, the records are deleted by the commit.
        if (!isTransactional)
            await recordStore.DeleteAsync(keys, cancellationToken);
    }

    /// <summary>
    /// Marks the transaction for a rollback. The collected writes are sent before the rollback, so that a duplicate name is reported to the
    /// caller.
    /// </summary>
    public void Abandon() => IsAbandoned = true;

    /// <summary>Returns the record of a locked token; null if it is missing, cannot be read, or has expired.</summary>
    public async Task<DecryptedRecord?> ReadRecordAsync(TokenKey key) => (await ReadRecordsAsync([key])).GetValueOrDefault(key);

    /// <summary>
    /// Returns the records of locked tokens. Records that are missing, cannot be read, or have expired are not included.
    /// </summary>
    public async Task<IReadOnlyDictionary<TokenKey, DecryptedRecord>> ReadRecordsAsync(IReadOnlyCollection<TokenKey> keys)
    {
        var now = clock.GetUtcNow();
        Dictionary<TokenKey, DecryptedRecord> records = new(keys.Count);
        foreach (var (key, found) in await recordStore.ReadAsync(keys, cancellationToken))
        {
            if (codec.TryDecrypt(key, found) is { } record && !record.IsExpired(now))
                records.Add(key, new DecryptedRecord(found, record));
        }
        return records;
    }

    /// <summary>Adds the creation of a token: its record, its row and its history entry.</summary>
    public void Create(TokenRecord record, TokenInfo row, TokenChange change)
    {
        creations.Add(record);
        tokenIndex.Insert(row);
        Add([change]);
    }

    /// <summary>Removes locked tokens from both stores, and adds the history entries of the revocation.</summary>
    /// <param name="tokens">The tokens, children before their parents. They are removed in this order.</param>
    /// <param name="change">Creates the history entry of a token.</param>
    public void Revoke(IReadOnlyList<TokenInfo> tokens, Func<TokenInfo, TokenChange> change)
    {
        var keys = Remove(tokens, [.. tokens.Select(change)]);
        if (isTransactional || keys.Count == 0)
            return;
        revocations.AddRange(keys);
        tokenIndex.RecordRevoked(keys, clock.GetUtcNow() + options.RevocationRetention);
    }

    /// <summary>Removes locked tokens that have expired from both stores.</summary>
    public void Expire(IReadOnlyList<TokenInfo> tokens, IReadOnlyList<TokenChange> changes) => Remove(tokens, changes);

    /// <summary>Changes the row of a locked token, and adds history entries.</summary>
    public void Edit(TokenInfo row, params IReadOnlyList<TokenChange> changes)
    {
        tokenIndex.Update(row);
        Add(changes);
    }

    /// <summary>Changes the record of a locked token.</summary>
    public void Edit(DecryptedRecord current, TokenRecord final)
    {
        if (current.Record != final)
            edits.Add(new RecordEdit(current, final));
    }

    /// <summary>Removes a record that has no row. The key must have been claimed before (<see cref="ClaimAbsentAsync"/>).</summary>
    public void RemoveRecord(TokenKey key) => removals.Add(key);

    /// <summary>
    /// Sends all writes except those that extend a record, and commits. If the record store is transactional, all writes belong to one
    /// transaction. Otherwise the order is: revoked records are deleted first, so that the tokens become invalid even if a later step
    /// fails; new records are written after the database has accepted their rows; and reduced records are written before the commit.
    /// </summary>
    internal async Task CommitAsync()
    {
        if (IsAbandoned)
        {
            await tokenIndex.FlushAsync(cancellationToken);
            return;
        }
        if (removals.Count > 0)
            await recordStore.DeleteAsync(removals, cancellationToken);
        // A record must be written only after the database has accepted its row.
        if (!isTransactional && creations.Count + edits.Count > 0)
            await tokenIndex.FlushAsync(cancellationToken);
        foreach (var record in creations)
            await WriteNewAsync(record);
        await WriteBeforeCommitAsync();
        await tokenIndex.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Deletes revoked records again and reads reduced records again, after the commit. If Redis failed over before the commit, the new
    /// primary may have the previous records, and the replay may have read the list of revocations before this revocation was committed.
    /// After a failover that follows the commit, the replay finds the change in the token index.
    /// </summary>
    /// <returns>The tokens whose records are not the written ones, and must be reconciled with the token index.</returns>
    internal async Task<IReadOnlyList<TokenKey>> ConfirmReductionsAsync()
    {
        if (isTransactional || IsAbandoned)
            return [];
        if (revocations.Count > 0)
            await recordStore.DeleteAsync(revocations, cancellationToken);
        // All other edited records are written later, and each of these writes detects whether the record was changed.
        var reduced = edits.Where(edit => edit is { Reduced: not null, Remaining: null }).ToDictionary(
            edit => edit.Key, edit => edit.Reduced!.Value);
        if (reduced.Count == 0)
            return [];
        var found = await recordStore.ReadAsync(reduced.Keys, cancellationToken);
        return [.. found.Where(record => record.Value != reduced[record.Key]).Select(record => record.Key)];
    }

    /// <summary>
    /// Writes the records that get more scopes or a later expiration, after the commit. Returns the tokens whose records were changed after
    /// they were read. They must be reconciled with the token index.
    /// </summary>
    internal async Task<IReadOnlyList<TokenKey>> ExtendAsync()
    {
        RecordReplacement[] replacements =
        [
            .. edits.Where(edit => edit.Remaining is not null)
                .Select(edit => new RecordReplacement(edit.Key, edit.Remaining!.Value, codec.Encrypt(edit.Final), edit.Final.Expires)),
        ];
        return replacements.Length == 0 ? [] : await recordStore.ReplaceAsync(replacements, cancellationToken);
    }

    private List<TokenKey> Remove(IReadOnlyList<TokenInfo> tokens, IReadOnlyList<TokenChange> done)
    {
        List<TokenKey> keys = [.. tokens.Select(token => token.Token)];
        removals.AddRange(keys);
        tokenIndex.Delete(keys);
        Add(done);
        return keys;
    }

    private void Add(IReadOnlyList<TokenChange> more)
    {
        changes.AddRange(more);
        tokenIndex.Add(more);
    }

    private async Task WriteNewAsync(TokenRecord record)
    {
        // The key is added before the write, because a write that fails may take effect later.
        written.Add(record.Token.Key);
        if (await recordStore.CreateAsync(record.Token.Key, codec.Encrypt(record), record.Expires, cancellationToken))
            return;
        written.Remove(record.Token.Key);
        throw new StoreUnavailableException("token record store", "creation: the key already has a record");
    }

    private async Task WriteBeforeCommitAsync()
    {
        List<RecordReplacement> replacements = [];
        foreach (var edit in edits)
        {
            var now = isTransactional ? edit.Final : edit.Final.Within(edit.Current.Record.Scopes, edit.Current.Record.Expires);
            var stored = edit.Current.Encrypted;
            if (now != edit.Current.Record)
            {
                stored = codec.Encrypt(now);
                edit.Reduced = stored;
                replacements.Add(new RecordReplacement(edit.Key, edit.Current.Encrypted, stored, now.Expires));
            }
            edit.Remaining = now == edit.Final ? null : stored;
        }
        if (replacements.Count > 0 && await recordStore.ReplaceAsync(replacements, cancellationToken) is [var changed, ..])
            throw new TokenIndexConflictException($"The record of {changed} changed since it was read.");
    }

    private sealed class RecordEdit(DecryptedRecord current, TokenRecord final)
    {
        public TokenKey Key => Current.Record.Token.Key;

        public DecryptedRecord Current { get; } = current;

        public TokenRecord Final { get; } = final;

        /// <summary>Returns the ciphertext that was written before the commit; null if no write was necessary.</summary>
        public EncryptedRecord? Reduced { get; set; }

        /// <summary>Returns the ciphertext of the record that must be extended after the commit; null if no write remains.</summary>
        public EncryptedRecord? Remaining { get; set; }
    }
}
