namespace Porthor.Storage;

/// <summary>The time bounds of the stores, and how much is remembered.</summary>
public sealed record TokenStoreOptions
{
    /// <summary>How long reading a record may take, retries included, before the answer is "not available".</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a change may take. More than a read: revoking a parent of thousands of children is one transaction, and
    /// it must not fail for being large.
    /// </summary>
    public TimeSpan ChangeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many decrypted records are remembered. Each is used only while its ciphertext is the record store's.</summary>
    public int RememberedRecords { get; init; } = 10_000;

    /// <summary>For how long revoked keys are remembered, to be deleted again from a record store that lost the deletion.</summary>
    public TimeSpan RevocationMemory { get; init; } = TimeSpan.FromHours(1);
}
