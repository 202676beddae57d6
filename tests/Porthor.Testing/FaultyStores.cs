using Porthor.History;
using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.Testing;

/// <summary>The ways in which a store operation fails.</summary>
public enum Fault
{
    /// <summary>The operation fails and has no effect. The node continues to run.</summary>
    FailsBefore,

    /// <summary>The operation takes effect, but the caller receives an error. The node continues to run.</summary>
    FailsAfter,

    /// <summary>The node crashes before the operation: the operation and all later ones have no effect.</summary>
    CrashesBefore,

    /// <summary>The node crashes after the operation took effect.</summary>
    CrashesAfter,
}

/// <summary>
/// Injects a failure into one store operation. Counts the operations of the token index and the record store of a node that have an effect,
/// and makes the operation with the given number fail.
/// </summary>
internal sealed class FaultPlan(int step, Fault fault)
{
    private bool hasCrashed;

    /// <summary>The number of operations so far.</summary>
    public int Steps { get; private set; }

    public bool Reached => Steps >= step;

    public async Task<T> StepAsync<T>(Func<Task<T>> effect)
    {
        ThrowIfCrashed();
        var isChosen = ++Steps == step;
        if (isChosen && fault is Fault.FailsBefore or Fault.CrashesBefore)
            throw Fail();
        var result = await effect();
        return isChosen ? throw Fail() : result;
    }

    public Task StepAsync(Func<Task> effect) => StepAsync(async () =>
    {
        await effect();
        return true;
    });

    /// <summary>Fails if the node has crashed. Reads call this method, because they have no effect and are not counted.</summary>
    public void ThrowIfCrashed()
    {
        if (hasCrashed)
            throw new StoreUnavailableException("store", "the node crashed");
    }

    private StoreUnavailableException Fail()
    {
        hasCrashed = fault is Fault.CrashesBefore or Fault.CrashesAfter;
        return new StoreUnavailableException("store", $"step {Steps}: {fault}");
    }
}

/// <summary>A token index whose operations fail according to a <see cref="FaultPlan"/>.</summary>
internal sealed class FaultyTokenIndex(ITokenIndex tokenIndex, FaultPlan plan) : ITokenIndex
{
    public Task<TokenInfo?> GetAsync(TokenKey key, CancellationToken cancellationToken) =>
        Read(() => tokenIndex.GetAsync(key, cancellationToken));

    public Task<IReadOnlyList<TokenInfo>> ListAsync(string? username, CancellationToken cancellationToken) =>
        Read(() => tokenIndex.ListAsync(username, cancellationToken));

    public Task<IReadOnlyList<TokenInfo>> ListAsync(
        string username, IReadOnlyList<TokenType> types, TokenCursor? after, int limit, CancellationToken cancellationToken) =>
        Read(() => tokenIndex.ListAsync(username, types, after, limit, cancellationToken));

    public Task<IReadOnlyDictionary<TokenType, long>> CountByTypeAsync(string username, CancellationToken cancellationToken) =>
        Read(() => tokenIndex.CountByTypeAsync(username, cancellationToken));

    public Task<TokenKey?> FindChildAsync(ChildQuery query, CancellationToken cancellationToken) =>
        Read(() => tokenIndex.FindChildAsync(query, cancellationToken));

    public Task<TokenCounts> CountAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        Read(() => tokenIndex.CountAsync(now, cancellationToken));

    public Task<IReadOnlyList<TokenIndexEntry>> ReadAsync(TokenKey? after, int limit, CancellationToken cancellationToken) =>
        Read(() => tokenIndex.ReadAsync(after, limit, cancellationToken));

    public Task<ExpiredKeys> WalkExpiredAsync(DateTimeOffset now, TokenKey? after, int steps, CancellationToken cancellationToken) =>
        Read(() => tokenIndex.WalkExpiredAsync(now, after, steps, cancellationToken));

    public int BatchSize => tokenIndex.BatchSize;

    public Task<IReadOnlyList<Descendant>> ReadDescendantsAsync(
        IReadOnlyCollection<TokenKey> roots, DateTimeOffset? expiredAt, CancellationToken cancellationToken) =>
        Read(() => tokenIndex.ReadDescendantsAsync(roots, expiredAt, cancellationToken));

    public Task<IReadOnlyList<TokenInfo>> ReadInterruptedRevocationsAsync(int limit, CancellationToken cancellationToken) =>
        Read(() => tokenIndex.ReadInterruptedRevocationsAsync(limit, cancellationToken));

    public Task<IReadOnlySet<TokenKey>> ListedAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
        Read(() => tokenIndex.ListedAsync(keys, cancellationToken));

    public async Task<ITokenIndexTransaction> BeginAsync(TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        plan.ThrowIfCrashed();
        return new Transaction(await tokenIndex.BeginAsync(timeLimit, cancellationToken), plan);
    }

    public Task CheckAsync(CancellationToken cancellationToken) => tokenIndex.CheckAsync(cancellationToken);

    private Task<T> Read<T>(Func<Task<T>> read)
    {
        plan.ThrowIfCrashed();
        return read();
    }

    internal sealed class Transaction(ITokenIndexTransaction transaction, FaultPlan plan) : ITokenIndexTransaction
    {
        public ITokenIndexTransaction Inner => transaction;

        public Task<TokenInfo?> LockAsync(TokenKey key, CancellationToken cancellationToken) =>
            transaction.LockAsync(key, cancellationToken);

        public Task<IReadOnlyList<TokenInfo>> LockAvailableAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
            transaction.LockAvailableAsync(keys, cancellationToken);

        public Task<IReadOnlyList<TokenInfo>> LockInOrderAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken) =>
            transaction.LockInOrderAsync(keys, cancellationToken);

        public Task<IReadOnlyList<TokenKey>> ReadChildKeysAsync(
            IReadOnlyCollection<TokenKey> parents, CancellationToken cancellationToken) =>
            transaction.ReadChildKeysAsync(parents, cancellationToken);

        public Task<ParentLimits?> LockParentAsync(TokenKey parent, CancellationToken cancellationToken) =>
            transaction.LockParentAsync(parent, cancellationToken);

        public Task<UserTokenUsage> CountUserTokensAsync(
            string username, TokenLimits limits, DateTimeOffset now, CancellationToken cancellationToken) =>
            transaction.CountUserTokensAsync(username, limits, now, cancellationToken);

        public Task<IReadOnlyList<TokenKey>> ReadBeingRevokedAsync(
            IReadOnlyCollection<TokenKey> keys, DateTimeOffset until, CancellationToken cancellationToken) =>
            transaction.ReadBeingRevokedAsync(keys, until, cancellationToken);

        public Task<IReadOnlyList<TokenInfo>> LockExpiredAsync(
            DateTimeOffset now, IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
            transaction.LockExpiredAsync(now, keys, cancellationToken);

        public Task<IReadOnlyList<TokenKey>> ClaimAbsentAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
            transaction.ClaimAbsentAsync(keys, cancellationToken);

        public Task<bool> TryUseOnceAsync(string name, DateTimeOffset until, DateTimeOffset now, CancellationToken cancellationToken) =>
            transaction.TryUseOnceAsync(name, until, now, cancellationToken);

        public void Insert(TokenInfo token) => transaction.Insert(token);

        public void Update(TokenInfo token) => transaction.Update(token);

        public void Delete(IReadOnlyList<TokenKey> keys) => transaction.Delete(keys);

        public void Add(IReadOnlyList<TokenChange> changes) => transaction.Add(changes);

        public void RecordRevoked(IReadOnlyList<TokenKey> keys, DateTimeOffset until) => transaction.RecordRevoked(keys, until);

        public Task FlushAsync(CancellationToken cancellationToken) => plan.StepAsync(() => transaction.FlushAsync(cancellationToken));

        public Task CommitAsync(CancellationToken cancellationToken) => plan.StepAsync(() => transaction.CommitAsync(cancellationToken));

        // The database rolls back when the connection of a crashed node closes.
        public ValueTask DisposeAsync() => transaction.DisposeAsync();
    }
}

/// <summary>A record store whose operations fail according to a <see cref="FaultPlan"/>.</summary>
internal sealed class FaultyRecordStore(ITokenRecordStore recordStore, FaultPlan plan) : ITokenRecordStore
{
    public bool IsTransactional => recordStore.IsTransactional;

    public ValueTask<EncryptedRecord?> GetAsync(TokenKey key, EncryptedRecord? known, CancellationToken cancellationToken)
    {
        plan.ThrowIfCrashed();
        return recordStore.GetAsync(key, known, cancellationToken);
    }

    public Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> GetAsync(
        IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken)
    {
        plan.ThrowIfCrashed();
        return recordStore.GetAsync(keys, cancellationToken);
    }

    public IRecordStoreSession Within(ITokenIndexTransaction transaction) =>
        new Session(recordStore.Within(((FaultyTokenIndex.Transaction)transaction).Inner), plan);

    public IAsyncEnumerable<IReadOnlyList<TokenKey>> ScanAsync(CancellationToken cancellationToken) =>
        recordStore.ScanAsync(cancellationToken);

    public Task<int> ReplaceReencryptedAsync(IReadOnlyList<ReencryptedRecord> records, CancellationToken cancellationToken) =>
        recordStore.ReplaceReencryptedAsync(records, cancellationToken);

    public Task<long> DeleteAllAsync(CancellationToken cancellationToken) => recordStore.DeleteAllAsync(cancellationToken);

    public Task CheckAsync(CancellationToken cancellationToken) => recordStore.CheckAsync(cancellationToken);

    private sealed class Session(IRecordStoreSession session, FaultPlan plan) : IRecordStoreSession
    {
        public Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> ReadAsync(
            IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken)
        {
            plan.ThrowIfCrashed();
            return session.ReadAsync(keys, cancellationToken);
        }

        public Task<bool> CreateAsync(TokenKey key, EncryptedRecord record, DateTimeOffset? expires, CancellationToken cancellationToken) =>
            plan.StepAsync(() => session.CreateAsync(key, record, expires, cancellationToken));

        /// <summary>Counts each record as one operation, because the node can crash between two of them.</summary>
        public async Task<IReadOnlyList<TokenKey>> ReplaceAsync(
            IReadOnlyList<RecordReplacement> records, CancellationToken cancellationToken)
        {
            List<TokenKey> changed = [];
            foreach (var record in records)
                changed.AddRange(await plan.StepAsync(() => session.ReplaceAsync([record], cancellationToken)));
            return changed;
        }

        public Task DeleteAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken) =>
            plan.StepAsync(() => session.DeleteAsync(keys, cancellationToken));
    }
}
