using Porthor.Tokens;

namespace Porthor.Storage;

/// <summary>
/// The vault: where the records live, and so what decides whether a token works. It has several implementations, which
/// one suite of tests holds to the same promises (README.md in this folder).
/// </summary>
/// <remarks>
/// Every call ends within a second, by <see cref="StoreUnavailableException"/> if need be. A caller must never take that
/// for "there is no such record".
/// </remarks>
public interface ITokenVault
{
    /// <summary>
    /// True if the records are rows beside the ledger's, changed in its transactions; false if the vault is a store of its
    /// own, where each write takes effect at once and is not undone by a rollback.
    /// </summary>
    bool JoinsLedger { get; }

    /// <summary>The record of a token, null if there is none. The hot path: one point read.</summary>
    /// <param name="known">What the caller remembers. If the vault holds just that, it may give it back and spare a copy.</param>
    ValueTask<SealedRecord?> GetAsync(TokenKey key, SealedRecord? known, CancellationToken cancellationToken);

    /// <summary>As the other, for a caller who remembers nothing.</summary>
    ValueTask<SealedRecord?> GetAsync(TokenKey key, CancellationToken cancellationToken) => GetAsync(key, known: null, cancellationToken);

    /// <summary>The records of several tokens; those without one are left out.</summary>
    Task<IReadOnlyDictionary<TokenKey, SealedRecord>> GetAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>Opens the vault for changes that belong to a transaction of the ledger.</summary>
    IVaultSession Within(ILedgerTransaction transaction);

    /// <summary>
    /// All keys, in batches of bounded size and no order. Keys that are added or removed meanwhile may or may not appear,
    /// and one may appear twice.
    /// </summary>
    IAsyncEnumerable<IReadOnlyList<TokenKey>> ScanAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Puts other ciphertexts in place of records that stay what they are, each if the vault still holds what was read, and for as long as
    /// it would have kept that. Says how many it did.
    /// </summary>
    Task<int> ResealAsync(IReadOnlyList<Reseal> records, CancellationToken cancellationToken);

    /// <summary>Deletes every record and says how many there were.</summary>
    Task<long> DeleteAllAsync(CancellationToken cancellationToken);

    /// <summary>Asks the store whether it answers.</summary>
    Task CheckAsync(CancellationToken cancellationToken);
}

/// <summary>A record that is to be encrypted anew.</summary>
public readonly record struct Reseal(TokenKey Key, SealedRecord Expected, SealedRecord Replacement);

/// <summary>Represents a record that replaces another one.</summary>
/// <param name="Expires">The time at which the store may delete the record; null for never.</param>
public readonly record struct RecordReplacement(TokenKey Key, SealedRecord Expected, SealedRecord Replacement, DateTimeOffset? Expires);

/// <summary>
/// Reads and changes records for one transaction of the ledger. If the vault joins the ledger, the changes take effect
/// with its commit; if not, each takes effect when its call returns.
/// </summary>
public interface IVaultSession
{
    /// <summary>The records as this transaction sees them; keys without one are left out.</summary>
    Task<IReadOnlyDictionary<TokenKey, SealedRecord>> ReadAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a record under a key that has none. If it has one, that one stays: the answer is false, or, in a vault that joins the
    /// ledger, the transaction fails when it is written out.
    /// </summary>
    /// <param name="expires">The time at which the store may delete the record; null for never.</param>
    Task<bool> CreateAsync(TokenKey key, SealedRecord record, DateTimeOffset? expires, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces records in the order given, each only if the vault still contains the record that the caller has read. A write that arrives
    /// late or twice therefore has no effect. Returns the keys whose records were not replaced.
    /// </summary>
    Task<IReadOnlyList<TokenKey>> ReplaceAsync(IReadOnlyList<RecordReplacement> records, CancellationToken cancellationToken);

    /// <summary>Deletes records, in the order given.</summary>
    Task DeleteAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken);
}
