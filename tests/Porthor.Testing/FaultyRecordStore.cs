using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.Testing;

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
