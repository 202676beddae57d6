using Porthor.Tokens;

namespace Porthor.Storage;

/// <summary>
/// The record store: where the records live, and so what decides whether a token works. It has several implementations, which
/// one suite of tests holds to the same promises (README.md in this folder).
/// </summary>
/// <remarks>
/// Every call ends within a second, by <see cref="StoreUnavailableException"/> if need be. A caller must never take that
/// for "there is no such record".
/// </remarks>
public interface ITokenRecordStore
{
    /// <summary>
    /// True if the records are rows beside the token index's, changed in its transactions; false if the record store is a store of its
    /// own, where each write takes effect at once and is not undone by a rollback.
    /// </summary>
    bool IsTransactional { get; }

    /// <summary>The record of a token, null if there is none. The hot path: one point read.</summary>
    /// <param name="known">What the caller remembers. If the record store holds just that, it may give it back and spare a copy.</param>
    ValueTask<EncryptedRecord?> GetAsync(TokenKey key, EncryptedRecord? known, CancellationToken cancellationToken);

    /// <summary>As the other, for a caller who remembers nothing.</summary>
    ValueTask<EncryptedRecord?> GetAsync(TokenKey key, CancellationToken cancellationToken) => GetAsync(key, known: null, cancellationToken);

    /// <summary>The records of several tokens; those without one are left out.</summary>
    Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> GetAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>Opens the record store for changes that belong to a transaction of the token index.</summary>
    IRecordStoreSession Within(ITokenIndexTransaction transaction);

    /// <summary>
    /// All keys, in batches of bounded size and no order. Keys that are added or removed meanwhile may or may not appear,
    /// and one may appear twice.
    /// </summary>
    IAsyncEnumerable<IReadOnlyList<TokenKey>> ScanAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Puts other ciphertexts in place of records that stay what they are, each if the record store still holds what was read, and for as long as
    /// it would have kept that. Says how many it did.
    /// </summary>
    Task<int> ResealAsync(IReadOnlyList<Reseal> records, CancellationToken cancellationToken);

    /// <summary>Deletes every record and says how many there were.</summary>
    Task<long> DeleteAllAsync(CancellationToken cancellationToken);

    /// <summary>Asks the store whether it answers.</summary>
    Task CheckAsync(CancellationToken cancellationToken);
}

/// <summary>A record that is to be encrypted anew.</summary>
public readonly record struct Reseal(TokenKey Key, EncryptedRecord Expected, EncryptedRecord Replacement);

/// <summary>Represents a record that replaces another one.</summary>
/// <param name="Expires">The time at which the store may delete the record; null for never.</param>
public readonly record struct RecordReplacement(TokenKey Key, EncryptedRecord Expected, EncryptedRecord Replacement, DateTimeOffset? Expires);

/// <summary>
/// Reads and changes records for one transaction of the token index. If the record store joins the token index, the changes take effect
/// with its commit; if not, each takes effect when its call returns.
/// </summary>
public interface IRecordStoreSession
{
    /// <summary>The records as this transaction sees them; keys without one are left out.</summary>
    Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> ReadAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a record under a key that has none. If it has one, that one stays: the answer is false, or, in a record store that joins the
    /// token index, the transaction fails when it is written out.
    /// </summary>
    /// <param name="expires">The time at which the store may delete the record; null for never.</param>
    Task<bool> CreateAsync(TokenKey key, EncryptedRecord record, DateTimeOffset? expires, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces records in the order given, each only if the record store still contains the record that the caller has read. A write that arrives
    /// late or twice therefore has no effect. Returns the keys whose records were not replaced.
    /// </summary>
    Task<IReadOnlyList<TokenKey>> ReplaceAsync(IReadOnlyList<RecordReplacement> records, CancellationToken cancellationToken);

    /// <summary>Deletes records, in the order given.</summary>
    Task DeleteAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken);
}
