using Porthor.History;
using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.Testing;

/// <summary>How a step of the stores goes wrong.</summary>
public enum Fault
{
    /// <summary>The step fails and has no effect; the node goes on.</summary>
    FailsBefore,

    /// <summary>The step takes effect, but its caller is told that it failed; the node goes on.</summary>
    FailsAfter,

    /// <summary>The node dies before the step: nothing that it does from then on has an effect.</summary>
    DiesBefore,

    /// <summary>The node dies right after the step took effect.</summary>
    DiesAfter,
}

/// <summary>
/// Cuts a node off from its stores at a chosen step. It stands between the node and its real token index and record store, counts what
/// has an effect, and makes the step with the given number go wrong.
/// </summary>
internal sealed class FaultPlan(int step, Fault fault)
{
    private bool dead;

    /// <summary>How many steps there were so far.</summary>
    public int Steps { get; private set; }

    public bool Reached => Steps >= step;

    public async Task<T> StepAsync<T>(Func<Task<T>> effect)
    {
        ThrowIfDead();
        var here = ++Steps == step;
        if (here && fault is Fault.FailsBefore or Fault.DiesBefore)
            throw Fail();
        var result = await effect();
        return here ? throw Fail() : result;
    }

    public Task StepAsync(Func<Task> effect) => StepAsync(async () =>
    {
        await effect();
        return true;
    });

    /// <summary>Reading has no effect, but the dead do not read either.</summary>
    public void ThrowIfDead()
    {
        if (dead)
            throw new StoreUnavailableException("store", "the node is dead");
    }

    private StoreUnavailableException Fail()
    {
        dead = fault is Fault.DiesBefore or Fault.DiesAfter;
        return new StoreUnavailableException("store", $"step {Steps}: {fault}");
    }
}

/// <summary>A token index that a <see cref="FaultPlan"/> can cut off.</summary>
internal sealed class FaultyTokenIndex(ITokenIndex tokenIndex, FaultPlan plan) : ITokenIndex
{
    public Task<TokenInfo?> GetAsync(TokenKey key, CancellationToken cancellationToken) => Reading(() => tokenIndex.GetAsync(key, cancellationToken));

    public Task<IReadOnlyList<TokenInfo>> ListAsync(string? username, CancellationToken cancellationToken) =>
        Reading(() => tokenIndex.ListAsync(username, cancellationToken));

    public Task<IReadOnlyList<TokenInfo>> ListAsync(
        string username, IReadOnlyList<TokenType> types, TokenCursor? after, int limit, CancellationToken cancellationToken) =>
        Reading(() => tokenIndex.ListAsync(username, types, after, limit, cancellationToken));

    public Task<IReadOnlyDictionary<TokenType, long>> CountByTypeAsync(string username, CancellationToken cancellationToken) =>
        Reading(() => tokenIndex.CountByTypeAsync(username, cancellationToken));

    public Task<TokenKey?> FindChildAsync(ChildQuery query, CancellationToken cancellationToken) =>
        Reading(() => tokenIndex.FindChildAsync(query, cancellationToken));

    public Task<TokenCounts> CountAsync(DateTimeOffset now, CancellationToken cancellationToken) => Reading(() => tokenIndex.CountAsync(now, cancellationToken));

    public Task<IReadOnlyList<TokenIndexEntry>> ReadAsync(TokenKey? after, int limit, CancellationToken cancellationToken) =>
        Reading(() => tokenIndex.ReadAsync(after, limit, cancellationToken));

    public Task<ExpiredKeys> WalkExpiredAsync(DateTimeOffset now, TokenKey? after, int steps, CancellationToken cancellationToken) =>
        Reading(() => tokenIndex.WalkExpiredAsync(now, after, steps, cancellationToken));

    public int BatchSize => tokenIndex.BatchSize;

    public Task<IReadOnlyList<Descendant>> ReadDescendantsAsync(
        IReadOnlyCollection<TokenKey> roots, DateTimeOffset? expiredAt, CancellationToken cancellationToken) =>
        Reading(() => tokenIndex.ReadDescendantsAsync(roots, expiredAt, cancellationToken));

    public Task<IReadOnlyList<TokenInfo>> ReadInterruptedRevocationsAsync(int limit, CancellationToken cancellationToken) =>
        Reading(() => tokenIndex.ReadInterruptedRevocationsAsync(limit, cancellationToken));

    public Task<IReadOnlySet<TokenKey>> ListedAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
        Reading(() => tokenIndex.ListedAsync(keys, cancellationToken));

    public async Task<ITokenIndexTransaction> BeginAsync(TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        plan.ThrowIfDead();
        return new Transaction(await tokenIndex.BeginAsync(timeLimit, cancellationToken), plan);
    }

    public Task CheckAsync(CancellationToken cancellationToken) => tokenIndex.CheckAsync(cancellationToken);

    private Task<T> Reading<T>(Func<Task<T>> read)
    {
        plan.ThrowIfDead();
        return read();
    }

    internal sealed class Transaction(ITokenIndexTransaction transaction, FaultPlan plan) : ITokenIndexTransaction
    {
        public ITokenIndexTransaction Inner => transaction;

        public Task<TokenInfo?> LockAsync(TokenKey key, CancellationToken cancellationToken) => transaction.LockAsync(key, cancellationToken);

        public Task<IReadOnlyList<TokenInfo>> LockAvailableAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
            transaction.LockAvailableAsync(keys, cancellationToken);

        public Task<IReadOnlyList<TokenInfo>> LockInOrderAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken) =>
            transaction.LockInOrderAsync(keys, cancellationToken);

        public Task<IReadOnlyList<TokenKey>> ReadChildKeysAsync(IReadOnlyCollection<TokenKey> parents, CancellationToken cancellationToken) =>
            transaction.ReadChildKeysAsync(parents, cancellationToken);

        public Task<ParentLimits?> LockParentAsync(TokenKey parent, CancellationToken cancellationToken) =>
            transaction.LockParentAsync(parent, cancellationToken);

        public Task<UserTokenUsage> CountUserTokensAsync(
            string username, TokenLimits limits, DateTimeOffset now, CancellationToken cancellationToken) =>
            transaction.CountUserTokensAsync(username, limits, now, cancellationToken);

        public Task<IReadOnlyList<TokenKey>> ReadBeingRevokedAsync(
            IReadOnlyCollection<TokenKey> keys, DateTimeOffset until, CancellationToken cancellationToken) =>
            transaction.ReadBeingRevokedAsync(keys, until, cancellationToken);

        public Task<IReadOnlyList<TokenInfo>> LockExpiredAsync(DateTimeOffset now, IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
            transaction.LockExpiredAsync(now, keys, cancellationToken);

        public Task<IReadOnlyList<TokenKey>> ClaimAbsentAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken) =>
            transaction.ClaimAbsentAsync(keys, cancellationToken);

        public void Insert(TokenInfo token) => transaction.Insert(token);

        public void Update(TokenInfo token) => transaction.Update(token);

        public void Delete(IReadOnlyList<TokenKey> keys) => transaction.Delete(keys);

        public void Add(IReadOnlyList<TokenChange> changes) => transaction.Add(changes);

        public void RememberRevoked(IReadOnlyList<TokenKey> keys, DateTimeOffset until) => transaction.RememberRevoked(keys, until);

        public Task FlushAsync(CancellationToken cancellationToken) => plan.StepAsync(() => transaction.FlushAsync(cancellationToken));

        public Task CommitAsync(CancellationToken cancellationToken) => plan.StepAsync(() => transaction.CommitAsync(cancellationToken));

        // When a node dies its connection ends, and the database rolls back.
        public ValueTask DisposeAsync() => transaction.DisposeAsync();
    }
}

/// <summary>A record store that a <see cref="FaultPlan"/> can cut off.</summary>
internal sealed class FaultyRecordStore(ITokenRecordStore recordStore, FaultPlan plan) : ITokenRecordStore
{
    public bool IsTransactional => recordStore.IsTransactional;

    public ValueTask<EncryptedRecord?> GetAsync(TokenKey key, EncryptedRecord? known, CancellationToken cancellationToken)
    {
        plan.ThrowIfDead();
        return recordStore.GetAsync(key, known, cancellationToken);
    }

    public Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> GetAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken)
    {
        plan.ThrowIfDead();
        return recordStore.GetAsync(keys, cancellationToken);
    }

    public IRecordStoreSession Within(ITokenIndexTransaction transaction) => new Session(recordStore.Within(((FaultyTokenIndex.Transaction)transaction).Inner), plan);

    public IAsyncEnumerable<IReadOnlyList<TokenKey>> ScanAsync(CancellationToken cancellationToken) => recordStore.ScanAsync(cancellationToken);

    public Task<int> ResealAsync(IReadOnlyList<Reseal> records, CancellationToken cancellationToken) => recordStore.ResealAsync(records, cancellationToken);

    public Task<long> DeleteAllAsync(CancellationToken cancellationToken) => recordStore.DeleteAllAsync(cancellationToken);

    public Task CheckAsync(CancellationToken cancellationToken) => recordStore.CheckAsync(cancellationToken);

    private sealed class Session(IRecordStoreSession session, FaultPlan plan) : IRecordStoreSession
    {
        public Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> ReadAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken)
        {
            plan.ThrowIfDead();
            return session.ReadAsync(keys, cancellationToken);
        }

        public Task<bool> CreateAsync(TokenKey key, EncryptedRecord record, DateTimeOffset? expires, CancellationToken cancellationToken) =>
            plan.StepAsync(() => session.CreateAsync(key, record, expires, cancellationToken));

        /// <summary>Each is a step: the node may be cut off between two of them.</summary>
        public async Task<IReadOnlyList<TokenKey>> ReplaceAsync(IReadOnlyList<RecordReplacement> records, CancellationToken cancellationToken)
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
