namespace Porthor.Storage;

/// <summary>Represents the time limits of the stores and the size of the record cache.</summary>
public sealed record TokenStoreOptions
{
    /// <summary>The time limit for reading a record, including retries. If it is exceeded, the store is reported as unavailable.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The time limit of a change. It is longer than that of a read, because a change may revoke a token with thousands of descendants.
    /// </summary>
    public TimeSpan ChangeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The maximum number of decrypted records in the cache. A cached record is used only while the record store contains the same
    /// ciphertext.
    /// </summary>
    public int CachedRecords { get; init; } = 10_000;

    /// <summary>
    /// The time for which revoked keys are stored, so that they can be deleted again from a record store that lost the deletion.
    /// </summary>
    public TimeSpan RevocationRetention { get; init; } = TimeSpan.FromHours(1);
}
