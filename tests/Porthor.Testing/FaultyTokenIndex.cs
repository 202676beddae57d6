using Porthor.History;
using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.Testing;

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
