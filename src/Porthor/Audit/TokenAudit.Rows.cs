using System.Runtime.CompilerServices;
using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Audit;

// Scans the token index, to find rows without a record, rows that differ from their record, rows that expire after their parent or whose
// parent is not listed, and invalid records. Each suspected inconsistency is checked again in a transaction that holds the locks of a
// change, and is reported only if it still exists.
public sealed partial class TokenAudit
{
    private async IAsyncEnumerable<RowBatch> ReadRowsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        TokenKey? after = null;
        IReadOnlyList<TokenIndexEntry> rows;
        do
        {
            rows = await store.TokenIndex.ReadAsync(after, BatchSize, cancellationToken);
            if (rows.Count == 0)
                yield break;
            yield return new RowBatch(rows, await store.RecordStore.GetAsync([.. rows.Select(row => row.Token.Token)], cancellationToken));
            after = rows[^1].Token.Token;
        }
        while (rows.Count == BatchSize);
    }

    private async Task<List<AuditFinding>> ExamineRowsAsync(RowBatch batch, bool fix, CancellationToken cancellationToken)
    {
        List<AuditFinding> findings = [];
        List<Suspect> suspects = [];
        var now = clock.GetUtcNow();
        foreach (var row in batch.Rows)
        {
            var token = row.Token;
            var found = batch.Records.TryGetValue(token.Token, out var current);
            var record = found ? codec.TryDecrypt(token.Token, current) : null;
            var suspect = new Suspect(token)
            {
                IsMalformed = found && record is null,
                LacksRecord = record is null && !(token.Expires <= now),
                Differs = record is not null && !AuditComparison.Matches(token, record),
                OutlivesParent = record is not null && AuditComparison.Outlives(token.Expires, row.ParentExpires),
            };
            if (suspect.IsSuspect)
                suspects.Add(suspect);
            if (record is not null)
                AddUnknownScopes(findings, record);
            if (row.IsOrphan)
            {
                Log.NoParent(logger, token.Token, token.Username);
                findings.Add(new AuditFinding(
                    AuditKind.NoParent, token.Token, $"Token `{token.Token}` for `{token.Username}` has no parent token", Repaired: false));
            }
        }
        List<Confirmed> confirmed = [];
        foreach (var part in suspects.Chunk(store.TokenIndex.BatchSize))
            confirmed.AddRange(await ConfirmAsync(part, fix, cancellationToken));
        findings.AddRange(await ReportAsync(confirmed, fix, cancellationToken));
        return findings;
    }

    /// <summary>
    /// Checks suspects again. The first transaction checks all suspects whose rows are not locked by other transactions. Each of the others
    /// is then checked in its own transaction, which waits for the locks, so that a transaction that waits does not hold more locks than a
    /// change.
    /// </summary>
    private async Task<List<Confirmed>> ConfirmAsync(IReadOnlyList<Suspect> suspects, bool fix, CancellationToken cancellationToken)
    {
        List<Confirmed> confirmed = [];
        var (free, busy) = await store.ChangeAsync(
            transaction => CheckLockedAsync(transaction, suspects, waits: false, fix), cancellationToken: cancellationToken);
        confirmed.AddRange(free);
        foreach (var suspect in busy)
        {
            var (waited, _) = await store.ChangeAsync(
                transaction => CheckLockedAsync(transaction, [suspect], waits: true, fix), cancellationToken: cancellationToken);
            confirmed.AddRange(waited);
        }
        return confirmed;
    }

    private async Task<List<AuditFinding>> ReportAsync(IReadOnlyList<Confirmed> confirmed, bool fix, CancellationToken cancellationToken)
    {
        List<AuditFinding> findings = [];
        foreach (var one in confirmed)
        {
            var row = one.Row;
            if (one.IsMalformed)
                findings.Add(Malformed(row.Token, repaired: fix));
            if (one.LacksRecord)
            {
                Log.NoRecord(logger, row.Token, row.Username);
                findings.Add(new AuditFinding(
                    AuditKind.NoRecord,
                    row.Token,
                    $"Token `{row.Token}` for `{row.Username}` found in database but not Redis{Fixed(fix)}",
                    fix));
            }
            if (!fix && one.Mismatches.Count > 0)
                findings.Add(Mismatch(row.Token, one.Username, one.Mismatches, fix: false));
            if (!fix && one.Outlived is { } parentExpires)
                findings.Add(OutlivesParent(new Shortened(row, one.Username, parentExpires), repaired: false));
        }
        if (fix)
            findings.AddRange(await RepairAsync(confirmed, cancellationToken));
        return findings;
    }

    /// <summary>
    /// Checks suspects under locks, and repairs inconsistencies that affect no other row: removes records that cannot be read, and sets
    /// tokens without a record to expire now, so that maintenance removes their rows.
    /// </summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="suspects">The suspects.</param>
    /// <param name="waits">True to wait for rows that are locked; false to return them as busy.</param>
    /// <param name="fix">True to repair.</param>
    private async Task<(List<Confirmed> Confirmed, List<Suspect> Busy)> CheckLockedAsync(
        TokenTransaction transaction, IReadOnlyList<Suspect> suspects, bool waits, bool fix)
    {
        var now = clock.GetSecondsNow();
        var rows = await LockAsync(transaction, suspects, waits);
        var records = await transaction.ReadRecordsAsync([.. suspects.Select(suspect => suspect.Row.Token).Where(rows.ContainsKey)]);
        // The records of a large tree are deleted before its rows.
        var beingRevoked = await transaction.ReadBeingRevokedAsync(
            [.. suspects.Where(suspect => suspect.LacksRecord).Select(suspect => suspect.Row.Token)]);
        List<Confirmed> confirmed = [];
        List<Suspect> busy = [];
        foreach (var suspect in suspects)
        {
            var key = suspect.Row.Token;
            var parent = suspect.ParentToLock is { } parentKey ? rows.GetValueOrDefault(parentKey) : null;
            if (!rows.TryGetValue(key, out var row) || (parent is null && suspect.ParentToLock is not null && !waits))
            {
                busy.Add(suspect);
                continue;
            }
            var record = records.GetValueOrDefault(key)?.Record;
            var one = new Confirmed(row, record?.Username ?? row.Username)
            {
                IsMalformed = suspect.IsMalformed,
                LacksRecord = suspect.LacksRecord && record is null && !(row.Expires <= now) && !beingRevoked.Contains(key),
                Mismatches = suspect.Differs && record is not null ? AuditComparison.Mismatches(row, record) : [],
                Record = record,
                Outlived = suspect.OutlivesParent && AuditComparison.Outlives(row.Expires, parent?.Expires) ? parent?.Expires : null,
            };
            if (fix && one.IsMalformed)
                transaction.RemoveRecord(key);
            if (fix && one.LacksRecord)
                transaction.Edit(row with { Expires = now });
            confirmed.Add(one);
        }
        return (confirmed, busy);
    }

    /// <summary>
    /// Locks the rows of suspects and, for suspects that may expire after their parent, the rows of the parents. Rows that do not exist are
    /// not included. Rows that other transactions have locked are included only if <paramref name="waits"/> is true.
    /// </summary>
    private static async Task<Dictionary<TokenKey, TokenInfo>> LockAsync(
        TokenTransaction transaction, IReadOnlyList<Suspect> suspects, bool waits)
    {
        // Parents are locked first, as in every change.
        var parents = suspects.Select(suspect => suspect.ParentToLock).OfType<TokenKey>();
        var keys = parents.Concat(suspects.Select(suspect => suspect.Row.Token)).Distinct().ToList();
        Dictionary<TokenKey, TokenInfo> rows = [];
        if (!waits)
            return (await transaction.LockAvailableAsync(keys)).ToDictionary(row => row.Token);
        foreach (var key in keys)
        {
            if (await transaction.LockAsync(key) is { } row)
                rows.Add(key, row);
        }
        return rows;
    }

    /// <summary>Represents rows and their records.</summary>
    private sealed record RowBatch(IReadOnlyList<TokenIndexEntry> Rows, IReadOnlyDictionary<TokenKey, EncryptedRecord> Records);

    /// <summary>Represents a row and the suspected inconsistencies, which were found without locks.</summary>
    private sealed record Suspect(TokenInfo Row)
    {
        public bool IsMalformed { get; init; }

        public bool LacksRecord { get; init; }

        public bool Differs { get; init; }

        public bool OutlivesParent { get; init; }

        public bool IsSuspect => IsMalformed || LacksRecord || Differs || OutlivesParent;

        public TokenKey? ParentToLock => OutlivesParent ? Row.Parent : null;
    }

    /// <summary>Represents a locked row and its inconsistencies.</summary>
    /// <param name="Row">The row.</param>
    /// <param name="Username">The username of the record; that of the row if there is no record.</param>
    private sealed record Confirmed(TokenInfo Row, string Username)
    {
        public bool IsMalformed { get; init; }

        public bool LacksRecord { get; init; }

        public IReadOnlyList<string> Mismatches { get; init; } = [];

        public TokenRecord? Record { get; init; }

        /// <summary>Returns the expiration of the parent if the row expires later; otherwise null.</summary>
        public DateTimeOffset? Outlived { get; init; }
    }
}
