using System.Runtime.CompilerServices;
using Porthor.Tokens;

namespace Porthor.Audit;

// Scans the record store, to find records without a row.
public sealed partial class TokenAudit
{
    /// <summary>Returns, for each batch, the number of keys in the record store, and the keys that are not listed.</summary>
    private async IAsyncEnumerable<(int Keys, IReadOnlyList<TokenKey> Unlisted)> ScanAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var keys in store.RecordStore.ScanAsync(cancellationToken))
        {
            var listed = await store.TokenIndex.ListedAsync(keys, cancellationToken);
            yield return (keys.Count, [.. keys.Where(key => !listed.Contains(key))]);
        }
    }

    /// <summary>
    /// Checks again whether records have no row. Another transaction may have inserted a row and not yet committed it. To claim the keys,
    /// this method waits for such a transaction. A token that is listed afterwards is examined together with its row.
    /// </summary>
    private async Task<List<AuditFinding>> ExamineUnlistedAsync(
        IReadOnlyCollection<TokenKey> keys, bool fix, CancellationToken cancellationToken)
    {
        List<AuditFinding> findings = [];
        foreach (var batch in keys.Chunk(store.TokenIndex.BatchSize))
            findings.AddRange(await ExamineBatchAsync(batch, fix, cancellationToken));
        return findings;
    }

    private async Task<List<AuditFinding>> ExamineBatchAsync(
        IReadOnlyCollection<TokenKey> keys, bool fix, CancellationToken cancellationToken)
    {
        List<AuditFinding> findings = [];
        var records = await store.RecordStore.GetAsync(keys, cancellationToken);
        var decrypted = records.ToDictionary(found => found.Key, found => codec.TryDecrypt(found.Key, found.Value));
        if (decrypted.Count == 0)
            return findings;
        var (claimed, valid) = await store.ChangeAsync(
            async transaction =>
            {
                var claimed = await transaction.ClaimAbsentAsync(decrypted.Keys);
                var valid = await transaction.ReadRecordsAsync(claimed);
                foreach (var key in claimed.Where(key => fix && (decrypted[key] is null || valid.ContainsKey(key))))
                    transaction.RemoveRecord(key);
                return (claimed, valid);
            },
            cancellationToken: cancellationToken);
        foreach (var key in claimed)
        {
            if (decrypted[key] is not { } record)
            {
                findings.Add(Malformed(key, repaired: fix));
                continue;
            }
            if (valid.ContainsKey(key))
            {
                Log.NoRow(logger, key, record.Username);
                findings.Add(new AuditFinding(
                    AuditKind.NoRow, key, $"Token `{key}` for `{record.Username}` found in Redis but not database{Fixed(fix)}", fix));
            }
            AddUnknownScopes(findings, record);
        }
        return findings;
    }
}
