using Microsoft.Extensions.Logging;
using Porthor.Secrets;
using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.Maintenance;

/// <summary>Represents the progress of a re-encryption.</summary>
/// <param name="Examined">The number of records that were examined.</param>
/// <param name="Reencrypted">The number of records that were encrypted again.</param>
public readonly record struct ReencryptionProgress(long Examined, long Reencrypted);

/// <summary>Represents the result of a re-encryption.</summary>
/// <param name="Records">The number of records.</param>
/// <param name="Reencrypted">The number of records that were encrypted again, in all passes.</param>
/// <param name="Unreadable">The number of records that cannot be decrypted with any key. Their tokens are not valid.</param>
/// <param name="Complete">True if the last pass found no record that was encrypted with another key than the first.</param>
public sealed record ReencryptionResult(long Records, long Reencrypted, long Unreadable, bool Complete);

/// <summary>
/// Encrypts all records again with the first key, so that the other keys can be removed. Nodes can serve requests during the operation: the
/// content of a record and its expiration in the store do not change, and a record that was changed after it was read is not replaced. The
/// operation can be interrupted at any time and started again.
/// </summary>
public sealed partial class RecordReencryption(ITokenRecordStore recordStore, Fernet fernet, ILogger<RecordReencryption> logger)
{
    private const int BatchSize = 100;
    private const int MaxPasses = 5;
    private const int Attempts = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Re-encrypts all records that were not encrypted with the first key. Examines all records up to five times, until no such record is
    /// found.
    /// </summary>
    /// <param name="progress">Receives the progress; null if it is not needed.</param>
    /// <param name="cancellationToken">Cancels the operation. Records that were encrypted again remain.</param>
    /// <exception cref="StoreUnavailableException">
    /// The record store did not respond in several attempts. Records that were encrypted again remain.
    /// </exception>
    public async Task<ReencryptionResult> RunAsync(
        IProgress<ReencryptionProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        long reencrypted = 0;
        for (var pass = 1; ; pass++)
        {
            var counts = await RunOnceAsync(reencrypted, progress, cancellationToken);
            reencrypted += counts.Reencrypted;
            // Another pass is necessary if this one found such records, because a node may have written with another key during the pass.
            if (counts.Old == 0 || pass == MaxPasses)
                return new ReencryptionResult(counts.Examined, reencrypted, counts.Unreadable, Complete: counts.Old == 0);
        }
    }

    private async Task<PassCounts> RunOnceAsync(long before, IProgress<ReencryptionProgress>? progress, CancellationToken cancellationToken)
    {
        var pass = default(PassCounts);
        await foreach (var keys in recordStore.ScanAsync(cancellationToken))
        {
            foreach (var batch in keys.Chunk(BatchSize))
            {
                pass += await RetryAsync(() => ReencryptAsync(batch, cancellationToken), cancellationToken);
                progress?.Report(new ReencryptionProgress(pass.Examined, before + pass.Reencrypted));
                // The store may not have checked the cancellation token.
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        return pass;
    }

    private async Task<PassCounts> ReencryptAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken)
    {
        List<ReencryptedRecord> old = [];
        long unreadable = 0;
        var records = await recordStore.GetAsync(keys, cancellationToken);
        foreach (var (key, record) in records)
        {
            if (fernet.IsEncryptedWithFirstKey(record.Ciphertext))
                continue;
            if (fernet.TryDecrypt(record.Ciphertext, out var plaintext))
                old.Add(new ReencryptedRecord(key, record, new EncryptedRecord(fernet.Encrypt(plaintext))));
            else
                unreadable++;
        }
        var reencrypted = old.Count == 0
            ? 0
            : await recordStore.ReplaceReencryptedAsync([.. old.OrderBy(replaced => replaced.Key)], cancellationToken);
        return new PassCounts(records.Count, old.Count, reencrypted, unreadable);
    }

    /// <summary>
    /// Retries after a failure of a store, because the operation may take minutes and must not fail if a store is unavailable for a short
    /// time.
    /// </summary>
    private async Task<T> RetryAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await work();
            }
            catch (Exception e) when (attempt < Attempts && e is StoreUnavailableException or TokenIndexConflictException)
            {
                Log.TryingAgain(logger, e.Message, e);
                // The wait uses real time and not the clock of the tokens.
                await Task.Delay(Pause, cancellationToken);
            }
        }
    }

    /// <summary>Represents the results of a pass over all records.</summary>
    /// <param name="Examined">The number of records that were examined.</param>
    /// <param name="Old">The number of records that were encrypted with another key than the first.</param>
    /// <param name="Reencrypted">The number of records that were encrypted again.</param>
    /// <param name="Unreadable">The number of records that no key can decrypt.</param>
    private readonly record struct PassCounts(long Examined, long Old, long Reencrypted, long Unreadable)
    {
        public static PassCounts operator +(PassCounts left, PassCounts right) => new(
            left.Examined + right.Examined, left.Old + right.Old, left.Reencrypted + right.Reencrypted, left.Unreadable + right.Unreadable);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot re-encrypt token records, retrying")]
        public static partial void TryingAgain(ILogger logger, string error, Exception exception);
    }
}
