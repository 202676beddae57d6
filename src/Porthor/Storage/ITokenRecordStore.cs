using Porthor.Tokens;

namespace Porthor.Storage;

/// <summary>
/// Represents the record store, which contains the encrypted records. A token is valid only while it has a record. All implementations
/// pass the same test suite (README.md in this folder).
/// </summary>
/// <remarks>
/// Each call ends within a second, with a <see cref="StoreUnavailableException"/> if the store does not respond. A caller must not treat
/// this exception as a missing record.
/// </remarks>
public interface ITokenRecordStore
{
    /// <summary>
    /// Returns true if the records are rows in the database of the token index, changed in its transactions. Returns false if the record
    /// store is a separate store, where each write takes effect at once and is not undone by a rollback.
    /// </summary>
    bool IsTransactional { get; }

    /// <summary>
    /// Returns the record of a token; null if there is none. Each authorization subrequest calls it, so it needs one read by key.
    /// </summary>
    /// <param name="key">The key of the token.</param>
    /// <param name="known">
    /// The record that the caller has cached. If the record store contains the same record, it may return this value to avoid a copy.
    /// </param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="StoreUnavailableException">The store did not respond.</exception>
    ValueTask<EncryptedRecord?> GetAsync(TokenKey key, EncryptedRecord? known, CancellationToken cancellationToken);

    /// <summary>Returns the record of a token, for a caller that has no cached record; null if there is none.</summary>
    /// <exception cref="StoreUnavailableException">The store did not respond.</exception>
    ValueTask<EncryptedRecord?> GetAsync(TokenKey key, CancellationToken cancellationToken) =>
        GetAsync(key, known: null, cancellationToken);

    /// <summary>Returns the records of several tokens. Tokens without a record are not included.</summary>
    Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> GetAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>Opens the record store for changes that belong to a transaction of the token index.</summary>
    IRecordStoreSession Within(ITokenIndexTransaction transaction);

    /// <summary>
    /// Returns all keys, in batches of limited size, unordered. A key that is added or removed during the scan may be missing, and a key
    /// may be returned twice.
    /// </summary>
    IAsyncEnumerable<IReadOnlyList<TokenKey>> ScanAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the ciphertexts of records whose content does not change. A record is replaced only if the record store still contains
    /// the expected ciphertext, and it keeps its expiration in the store. Returns the number of replaced records.
    /// </summary>
    Task<int> ReplaceReencryptedAsync(IReadOnlyList<ReencryptedRecord> records, CancellationToken cancellationToken);

    /// <summary>Deletes all records. Returns their number.</summary>
    Task<long> DeleteAllAsync(CancellationToken cancellationToken);

    /// <summary>Checks that the store responds.</summary>
    /// <exception cref="StoreUnavailableException">The check failed.</exception>
    Task CheckAsync(CancellationToken cancellationToken);
}

/// <summary>Represents a record that is encrypted again with the current key.</summary>
public readonly record struct ReencryptedRecord(TokenKey Key, EncryptedRecord Expected, EncryptedRecord Replacement);

/// <summary>Represents a record that replaces another one.</summary>
/// <param name="Key">The key of the token.</param>
/// <param name="Expected">The record that must be stored for the replacement to take place.</param>
/// <param name="Replacement">The new record.</param>
/// <param name="Expires">The time at which the store may delete the record; null for never.</param>
public readonly record struct RecordReplacement(
    TokenKey Key, EncryptedRecord Expected, EncryptedRecord Replacement, DateTimeOffset? Expires);

/// <summary>
/// Reads and changes records for one transaction of the token index. If the record store is transactional, the changes take effect with
/// its commit; otherwise each change takes effect when its method returns.
/// </summary>
public interface IRecordStoreSession
{
    /// <summary>Returns the records that this transaction sees. Keys without a record are not included.</summary>
    Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> ReadAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Creates a record for a key that has none. If the key has a record, that record is kept: the method returns false, or, if the
    /// record store is transactional, the transaction fails when its writes are sent.
    /// </summary>
    /// <param name="key">The key of the token.</param>
    /// <param name="record">The record.</param>
    /// <param name="expires">The time at which the store may delete the record; null for never.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<bool> CreateAsync(TokenKey key, EncryptedRecord record, DateTimeOffset? expires, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces records in the order given, each only if the record store still contains the record that the caller has read. A write
    /// that arrives late or twice therefore has no effect. Returns the keys whose records were not replaced.
    /// </summary>
    Task<IReadOnlyList<TokenKey>> ReplaceAsync(IReadOnlyList<RecordReplacement> records, CancellationToken cancellationToken);

    /// <summary>Deletes records, in the order given.</summary>
    Task DeleteAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken);
}
