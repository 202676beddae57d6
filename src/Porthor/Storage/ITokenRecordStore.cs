using Porthor.Tokens;

namespace Porthor.Storage;

/// <summary>
/// Represents the record store, which contains the encrypted records. A token is valid only while it has a record. The same tests check all
/// implementations (README.md in this folder).
/// </summary>
/// <remarks>
/// Each call ends within a second, with a <see cref="StoreUnavailableException"/> if the store does not respond. A caller must not treat
/// this exception as a missing record.
/// </remarks>
public interface ITokenRecordStore
{
    /// <summary>
    /// Returns true if the records are in the database of the token index and are changed in its transactions. Returns false if the record
    /// store is a separate store, in which each write takes effect immediately and is not undone by a rollback.
    /// </summary>
    bool IsTransactional { get; }

    /// <summary>
    /// Returns the record of a token; null if there is none. Each authorization subrequest calls this method, so it reads only one value by
    /// its key.
    /// </summary>
    /// <param name="key">The key of the token.</param>
    /// <param name="known">
    /// The record that the caller has cached; null if there is none. If the record has not changed, the method may return this value
    /// instead of a copy.
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
/// <param name="Key">The key of the token.</param>
/// <param name="Expected">The record that is replaced. If the store contains another one, it is not replaced.</param>
/// <param name="Replacement">The same record, encrypted with the current key.</param>
public readonly record struct ReencryptedRecord(TokenKey Key, EncryptedRecord Expected, EncryptedRecord Replacement);

/// <summary>Represents a record that replaces another one.</summary>
/// <param name="Key">The key of the token.</param>
/// <param name="Expected">The record that is replaced. If the store contains another one, it is not replaced.</param>
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
    /// <summary>Returns records as this transaction reads them. Keys without a record are not included.</summary>
    Task<IReadOnlyDictionary<TokenKey, EncryptedRecord>> ReadAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Creates a record for a key that has none. If the key already has a record, this record is kept. The method then returns false; if
    /// the record store is transactional, it returns true, and the transaction fails when its writes are sent.
    /// </summary>
    /// <param name="key">The key of the token.</param>
    /// <param name="record">The record.</param>
    /// <param name="expires">The time at which the store may delete the record; null for never.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<bool> CreateAsync(TokenKey key, EncryptedRecord record, DateTimeOffset? expires, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces records in the given order, each only if the record store still contains the record that the caller has read. A write that
    /// arrives late, or a second time, therefore has no effect. Returns the keys whose records were not replaced.
    /// </summary>
    Task<IReadOnlyList<TokenKey>> ReplaceAsync(IReadOnlyList<RecordReplacement> records, CancellationToken cancellationToken);

    /// <summary>Deletes records in the given order.</summary>
    Task DeleteAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken);
}
