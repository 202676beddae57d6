using Microsoft.Extensions.Logging;
using Porthor.Secrets;
using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.Maintenance;

/// <param name="Examined">Records looked at.</param>
/// <param name="Resealed">Records that were encrypted anew.</param>
public readonly record struct ReencryptionProgress(long Examined, long Resealed);

/// <summary>What became of the records.</summary>
/// <param name="Records">How many there are.</param>
/// <param name="Resealed">How many were encrypted anew, in all rounds.</param>
/// <param name="Unreadable">How many no key can decrypt. They were of no use before, either.</param>
/// <param name="Complete">True if the last round found none that was encrypted with another key than the first.</param>
public sealed record ReencryptionResult(long Records, long Resealed, long Unreadable, bool Complete);

/// <summary>
/// Encrypts records anew with the first key, so that the others can be given up. Everything goes on meanwhile: what a record says,
/// and for how long its store keeps it, stays; and one that was changed since it was read is left to whoever changed it. It can be
/// broken off anywhere and begun again.
/// </summary>
public sealed partial class RecordReencryption(ITokenRecordStore recordStore, Fernet fernet, ILogger<RecordReencryption> logger)
{
    private const int BatchSize = 100;
    private const int MostRounds = 5;
    private const int Attempts = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <exception cref="StoreUnavailableException">The record store did not answer for a while. What was done is done.</exception>
    public async Task<ReencryptionResult> RunAsync(IProgress<ReencryptionProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        long resealed = 0;
        for (var round = 1; ; round++)
        {
            var counts = await RunOnceAsync(resealed, progress, cancellationToken);
            resealed += counts.Resealed;
            // Until there is none left: a node may have written with another key while the others were walked through.
            if (counts.Old == 0 || round == MostRounds)
                return new ReencryptionResult(counts.Examined, resealed, counts.Unreadable, Complete: counts.Old == 0);
        }
    }

    private async Task<Round> RunOnceAsync(long before, IProgress<ReencryptionProgress>? progress, CancellationToken cancellationToken)
    {
        var round = default(Round);
        await foreach (var keys in recordStore.ScanAsync(cancellationToken))
        {
            foreach (var batch in keys.Chunk(BatchSize))
            {
                round += await PatientlyAsync(() => ResealAsync(batch, cancellationToken), cancellationToken);
                progress?.Report(new ReencryptionProgress(round.Examined, before + round.Resealed));
                // What is quickly done may not have looked.
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        return round;
    }

    private async Task<Round> ResealAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken)
    {
        List<Reseal> old = [];
        long unreadable = 0;
        var records = await recordStore.GetAsync(keys, cancellationToken);
        foreach (var (key, record) in records)
        {
            if (fernet.IsMadeWithFirstKey(record.Ciphertext))
                continue;
            if (fernet.TryDecrypt(record.Ciphertext, out var plaintext))
                old.Add(new Reseal(key, record, new EncryptedRecord(fernet.Encrypt(plaintext))));
            else
                unreadable++;
        }
        var resealed = old.Count == 0 ? 0 : await recordStore.ResealAsync([.. old.OrderBy(reseal => reseal.Key)], cancellationToken);
        return new Round(records.Count, old.Count, resealed, unreadable);
    }

    /// <summary>A store that is busy for a moment does not end what may have been going on for minutes.</summary>
    private async Task<T> PatientlyAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
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
                // In real time, as a store's trouble passes.
                await Task.Delay(Pause, cancellationToken);
            }
        }
    }

    /// <param name="Old">Found encrypted with another key than the first.</param>
    private readonly record struct Round(long Examined, long Old, long Resealed, long Unreadable)
    {
        public static Round operator +(Round left, Round right) => new(
            left.Examined + right.Examined, left.Old + right.Old, left.Resealed + right.Resealed, left.Unreadable + right.Unreadable);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The token record store did not accept records, trying again")]
        public static partial void TryingAgain(ILogger logger, string error, Exception exception);
    }
}
