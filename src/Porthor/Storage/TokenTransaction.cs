using Porthor.History;
using Porthor.Tokens;

namespace Porthor.Storage;

/// <summary>
/// A change in the making: the locks it holds, and what it will write to ledger and vault. Operations say what is to
/// happen; in which order it is written is decided here and nowhere else (README.md in this folder).
/// </summary>
public sealed class TokenTransaction
{
    private readonly ILedgerTransaction ledger;
    private readonly IVaultSession vault;
    private readonly bool joined;
    private readonly RecordCodec codec;
    private readonly TokenStoreOptions options;
    private readonly TimeProvider clock;
    private readonly CancellationToken cancellationToken;

    private readonly List<TokenRecord> creations = [];
    private readonly List<TokenKey> removals = [];
    private readonly List<RecordEdit> edits = [];
    private readonly List<TokenKey> written = [];
    private readonly List<TokenChange> changes = [];
    private readonly List<TokenInfo> revoked = [];
    private IReadOnlyList<TokenKey> revocations = [];
    private Func<TokenInfo, TokenChange>? revocation;

    internal TokenTransaction(
        ILedgerTransaction ledger, ITokenVault vault, RecordCodec codec, TokenStoreOptions options, TimeProvider clock,
        CancellationToken cancellationToken)
    {
        this.ledger = ledger;
        this.vault = vault.Within(ledger);
        joined = vault.JoinsLedger;
        this.codec = codec;
        this.options = options;
        this.clock = clock;
        this.cancellationToken = cancellationToken;
    }

    /// <summary>Records written before the commit, to be deleted again if it does not succeed.</summary>
    internal IReadOnlyList<TokenKey> WrittenRecords => written;

    /// <summary>What will have been done to tokens when this is committed.</summary>
    internal IReadOnlyList<TokenChange> Changes => changes;

    /// <summary>The tokens that were revoked, as they were; known when this is committed.</summary>
    public IReadOnlyList<TokenInfo> Revoked => revoked;

    /// <inheritdoc cref="ILedgerTransaction.LockAsync"/>
    public Task<TokenInfo?> LockAsync(TokenKey key) => ledger.LockAsync(key, cancellationToken);

    /// <inheritdoc cref="ILedgerTransaction.LockFreeAsync"/>
    public Task<IReadOnlyList<TokenInfo>> LockFreeAsync(IReadOnlyCollection<TokenKey> keys) => ledger.LockFreeAsync(keys, cancellationToken);

    /// <inheritdoc cref="ILedgerTransaction.LockParentAsync"/>
    public Task<ParentLimits?> LockParentAsync(TokenKey parent) => ledger.LockParentAsync(parent, cancellationToken);

    /// <inheritdoc cref="ILedgerTransaction.CountUserTokensAsync"/>
    public Task<UserTokenUsage> CountUserTokensAsync(string username, TokenLimits limits, DateTimeOffset now) =>
        ledger.CountUserTokensAsync(username, limits, now, cancellationToken);

    /// <inheritdoc cref="ILedgerTransaction.LockExpiredAsync"/>
    public Task<IReadOnlyList<TokenInfo>> LockExpiredAsync(DateTimeOffset now, IReadOnlyCollection<TokenKey> keys) =>
        ledger.LockExpiredAsync(now, keys, cancellationToken);

    /// <inheritdoc cref="ILedgerTransaction.ClaimAbsentAsync"/>
    public Task<IReadOnlyList<TokenKey>> ClaimAbsentAsync(IReadOnlyCollection<TokenKey> keys) => ledger.ClaimAbsentAsync(keys, cancellationToken);

    /// <summary>Reads and locks all descendants of a locked token, breadth-first.</summary>
    public Task<IReadOnlyList<TokenInfo>> LockDescendantsAsync(TokenKey key) =>
        DescendAsync(key, ledger.LockChildrenAsync, token => token.Token);

    /// <summary>Locks all descendants of a locked token, breadth-first, and reads their keys.</summary>
    public Task<IReadOnlyList<TokenKey>> LockDescendantKeysAsync(TokenKey key) => DescendAsync(key, ledger.LockChildKeysAsync, child => child);

    /// <summary>Has any of these tokens a child?</summary>
    public async Task<bool> HaveChildrenAsync(IReadOnlyCollection<TokenKey> keys) => (await ledger.ReadChildKeysAsync(keys, cancellationToken)).Count > 0;

    /// <summary>
    /// Ends access with a locked token that is to be revoked, and with the descendants that there are, before their locks are waited for:
    /// thousands of locks take longer than all else. It promises nothing; who is made meanwhile is met by <see cref="Revoke"/>, which
    /// deletes all records again, under the locks.
    /// </summary>
    public async Task EndAccessAsync(TokenKey key)
    {
        // Where the records are in the same transaction, access ends with the commit.
        if (joined)
            return;
        var descendants = await DescendAsync(key, ledger.ReadChildKeysAsync, child => child);
        await vault.DeleteAsync([.. descendants.Reverse(), key], cancellationToken);
    }

    /// <summary>Reads a locked token's record; null if it is missing, unreadable or expired.</summary>
    public async Task<OpenedRecord?> ReadRecordAsync(TokenKey key) => (await ReadRecordsAsync([key])).GetValueOrDefault(key);

    /// <summary>Reads locked tokens' records; those missing, unreadable or expired are left out.</summary>
    public async Task<IReadOnlyDictionary<TokenKey, OpenedRecord>> ReadRecordsAsync(IReadOnlyCollection<TokenKey> keys)
    {
        var now = clock.GetUtcNow();
        Dictionary<TokenKey, OpenedRecord> records = new(keys.Count);
        foreach (var (key, found) in await vault.ReadAsync(keys, cancellationToken))
        {
            if (codec.TryOpen(key, found) is { } record && !record.IsExpired(now))
                records.Add(key, new OpenedRecord(found, record));
        }
        return records;
    }

    /// <summary>A new token: its record, its row and its change.</summary>
    public void Create(TokenRecord record, TokenInfo row, TokenChange change)
    {
        creations.Add(record);
        ledger.Insert(row);
        Add([change]);
    }

    /// <summary>
    /// Removes locked tokens from both stores before their time, in the order given: children before their parents. What history is to
    /// tell of them is read and written when their records are gone; access does not wait for it to end.
    /// </summary>
    public void Revoke(IReadOnlyList<TokenKey> tokens, Func<TokenInfo, TokenChange> change)
    {
        removals.AddRange(tokens);
        (revocations, revocation) = (tokens, change);
    }

    /// <summary>Removes locked tokens that have expired from both stores; no record of theirs could be used any more.</summary>
    public void Expire(IReadOnlyList<TokenInfo> tokens, IReadOnlyList<TokenChange> changes)
    {
        List<TokenKey> keys = [.. tokens.Select(token => token.Token)];
        removals.AddRange(keys);
        ledger.Delete(keys);
        Add(changes);
    }

    /// <summary>Changes the row of a locked token.</summary>
    public void Edit(TokenInfo row, params IReadOnlyList<TokenChange> changes)
    {
        ledger.Update(row);
        Add(changes);
    }

    /// <summary>Changes the record of a locked token.</summary>
    public void Edit(OpenedRecord current, TokenRecord final)
    {
        if (current.Record != final)
            edits.Add(new RecordEdit(current, final));
    }

    /// <summary>Removes a record that has no row; the key must have been claimed.</summary>
    public void RemoveRecord(TokenKey key) => removals.Add(key);

    /// <summary>
    /// Writes everything but what widens a record, and commits. Where the vault joins the ledger, that is one transaction.
    /// Else: revoked records go first, so that access ends even if the rest fails; created records are written when their
    /// rows are certain to be accepted; narrowed records are written before the ledger says so.
    /// </summary>
    internal async Task CommitAsync()
    {
        if (removals.Count > 0)
            await vault.DeleteAsync(removals, cancellationToken);
        if (revocation is not null)
            await RemoveRevokedAsync(revocation);
        if (!joined)
            await ledger.FlushAsync(cancellationToken);
        foreach (var record in creations)
            await WriteNewAsync(record);
        foreach (var edit in edits)
            await WriteBeforeCommitAsync(edit);
        await ledger.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Writes what the commit has made true: more scopes, a later end. Returns the tokens whose records changed meanwhile,
    /// which must be looked at again.
    /// </summary>
    internal async Task<IReadOnlyList<TokenKey>> WidenAsync()
    {
        List<TokenKey> changedMeanwhile = [];
        foreach (var edit in edits.Where(edit => edit.Remaining is not null))
        {
            var final = codec.Seal(edit.Final);
            if (!await vault.ReplaceAsync(edit.Key, edit.Remaining!.Value, final, edit.Final.Expires, cancellationToken))
                changedMeanwhile.Add(edit.Key);
        }
        return changedMeanwhile;
    }

    /// <summary>From the ledger, with a change for each.</summary>
    private async Task RemoveRevokedAsync(Func<TokenInfo, TokenChange> change)
    {
        // The rows are locked by this transaction, so none is passed over.
        var rows = (await ledger.LockFreeAsync(revocations, cancellationToken)).ToDictionary(row => row.Token);
        revoked.AddRange(revocations.Select(key => rows[key]));
        ledger.Delete(revocations);
        Add([.. revoked.Select(change)]);
        if (!joined)
            ledger.RememberRevoked(revocations, clock.GetUtcNow() + options.RevocationMemory);
    }

    /// <summary>Generation by generation, none twice.</summary>
    private async Task<IReadOnlyList<T>> DescendAsync<T>(
        TokenKey root, Func<IReadOnlyCollection<TokenKey>, CancellationToken, Task<IReadOnlyList<T>>> childrenOf, Func<T, TokenKey> keyOf)
    {
        List<T> descendants = [];
        HashSet<TokenKey> seen = [root];
        IReadOnlyList<TokenKey> parents = [root];
        while (parents.Count > 0)
        {
            List<T> generation = [.. (await childrenOf(parents, cancellationToken)).Where(child => seen.Add(keyOf(child)))];
            descendants.AddRange(generation);
            parents = [.. generation.Select(keyOf)];
        }
        return descendants;
    }

    private void Add(IReadOnlyList<TokenChange> more)
    {
        changes.AddRange(more);
        ledger.Add(more);
    }

    private async Task WriteNewAsync(TokenRecord record)
    {
        // Noted before it is written: a write that fails may still take effect.
        written.Add(record.Token.Key);
        if (await vault.CreateAsync(record.Token.Key, codec.Seal(record), record.Expires, cancellationToken))
            return;
        written.Remove(record.Token.Key);
        throw new StoreUnavailableException("vault", "creation: the key is taken");
    }

    private async Task WriteBeforeCommitAsync(RecordEdit edit)
    {
        var now = joined ? edit.Final : edit.Final.Within(edit.Current.Record.Scopes, edit.Current.Record.Expires);
        var lasting = edit.Current.Sealed;
        if (now != edit.Current.Record)
        {
            var replacement = codec.Seal(now);
            if (!await vault.ReplaceAsync(edit.Key, lasting, replacement, now.Expires, cancellationToken))
                throw new LedgerConflictException($"The record of {edit.Key} changed since it was read.");
            lasting = replacement;
        }
        edit.Remaining = now == edit.Final ? null : lasting;
    }

    private sealed class RecordEdit(OpenedRecord current, TokenRecord final)
    {
        public TokenKey Key => Current.Record.Token.Key;

        public OpenedRecord Current { get; } = current;

        public TokenRecord Final { get; } = final;

        /// <summary>The ciphertext that is to be widened after the commit; null if nothing remains to be written.</summary>
        public SealedRecord? Remaining { get; set; }
    }
}
