using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.Audit;

/// <summary>
/// Compares ledger and vault and reports where they disagree, or a token breaks a rule (contract/tokens.md 9). It walks
/// through both in batches, and looks at each suspect once more under the locks that changes take, so that a token being
/// made or revoked meanwhile is not reported (deviations 16).
/// </summary>
public sealed partial class TokenAudit(
    TokenStore store, RecordCodec codec, TokenOptions options, TimeProvider clock, ILogger<TokenAudit> logger)
{
    private const int BatchSize = 1000;

    /// <summary>Finds inconsistencies, and repairs what can be repaired without guessing.</summary>
    /// <param name="fix">Repair, and say so in the findings.</param>
    /// <exception cref="AuditException">To repair would be to destroy.</exception>
    public async IAsyncEnumerable<AuditFinding> RunAsync(
        bool fix, IProgress<AuditProgress>? progress, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (fix)
            await RequireReadableAsync(cancellationToken);
        long examined = 0, findings = 0;
        HashSet<string> reported = [];
        await foreach (var keys in store.Vault.ScanAsync(cancellationToken))
        {
            foreach (var finding in await ExamineRecordsAsync(keys, fix, cancellationToken))
            {
                // A scan may show a key twice.
                if (!reported.Add(finding.Text))
                    continue;
                findings++;
                yield return finding;
            }
            progress?.Report(new AuditProgress(examined += keys.Count, findings));
        }

        TokenKey? after = null;
        IReadOnlyList<LedgerEntry> rows;
        do
        {
            rows = await store.Ledger.ReadAsync(after, BatchSize, cancellationToken);
            foreach (var finding in await ExamineRowsAsync(rows, fix, cancellationToken))
            {
                findings++;
                yield return finding;
            }
            progress?.Report(new AuditProgress(examined += rows.Count, findings));
            after = rows.Count > 0 ? rows[^1].Token.Token : null;
        }
        while (rows.Count == BatchSize);
    }

    /// <summary>
    /// With the wrong session secret every record is malformed, and to repair that is to delete them all. One that can be read proves
    /// the secret; most often it is among the first.
    /// </summary>
    private async Task RequireReadableAsync(CancellationToken cancellationToken)
    {
        var any = false;
        await foreach (var keys in store.Vault.ScanAsync(cancellationToken))
        {
            var records = await store.Vault.GetAsync(keys, cancellationToken);
            if (records.Any(found => codec.TryOpen(found.Key, found.Value) is not null))
                return;
            any |= records.Count > 0;
        }
        if (any)
            throw new AuditException("No record can be read with the configured session secret, so nothing is repaired. Is it the right one?");
    }

    /// <summary>Records that cannot be read, that no row lists, or that hold scopes nobody knows.</summary>
    private async Task<List<AuditFinding>> ExamineRecordsAsync(IReadOnlyList<TokenKey> keys, bool fix, CancellationToken cancellationToken)
    {
        List<AuditFinding> findings = [];
        var records = await store.Vault.GetAsync(keys, cancellationToken);
        var listed = await store.Ledger.ListedAsync(keys, cancellationToken);
        foreach (var (key, current) in records)
        {
            if (codec.TryOpen(key, current) is not { } record)
            {
                Log.Malformed(logger, key);
                var repaired = fix && await RemoveMalformedAsync(key, listed.Contains(key), cancellationToken);
                findings.Add(new AuditFinding(AuditKind.Malformed, key, $"Token `{key}` in Redis is malformed{Fixed(repaired)}", repaired));
                continue;
            }
            if (!listed.Contains(key) && await ConfirmNoRowAsync(key, fix, cancellationToken))
            {
                Log.NoRow(logger, key, record.Username);
                findings.Add(new AuditFinding(
                    AuditKind.NoRow, key, $"Token `{key}` for `{record.Username}` found in Redis but not database{Fixed(fix)}", fix));
            }
            foreach (var scope in record.Scopes.Names.Where(scope => !options.KnownScopes.ContainsKey(scope)))
            {
                Log.UnknownScope(logger, key, record.Username, scope);
                findings.Add(new AuditFinding(
                    AuditKind.UnknownScope, key, $"Token `{key}` for `{record.Username}` has unknown scope (`{scope}`)", Repaired: false));
            }
        }
        return findings;
    }

    /// <summary>Rows without a record, that differ from theirs, that outlive their parent or have lost it.</summary>
    private async Task<List<AuditFinding>> ExamineRowsAsync(IReadOnlyList<LedgerEntry> rows, bool fix, CancellationToken cancellationToken)
    {
        List<AuditFinding> findings = [];
        var now = clock.GetUtcNow();
        var records = await store.Vault.GetAsync([.. rows.Select(row => row.Token.Token)], cancellationToken);
        foreach (var row in rows)
        {
            var token = row.Token;
            var record = records.TryGetValue(token.Token, out var current) ? codec.TryOpen(token.Token, current) : null;
            if (record is null)
            {
                if (!(token.Expires <= now) && await ConfirmNoRecordAsync(token, fix, cancellationToken) is { } missing)
                    findings.Add(missing);
            }
            else
            {
                if (!AuditComparison.Matches(token, record))
                    findings.AddRange(await ConfirmMismatchAsync(token, fix, cancellationToken));
                if (AuditComparison.Outlives(token.Expires, row.ParentExpires))
                    findings.AddRange(await ConfirmOutlivesParentAsync(token, fix, cancellationToken));
            }
            if (row.IsOrphan)
            {
                Log.NoParent(logger, token.Token, token.Username);
                findings.Add(new AuditFinding(
                    AuditKind.NoParent, token.Token, $"Token `{token.Token}` for `{token.Username}` has no parent token", Repaired: false));
            }
        }
        return findings;
    }

    private static string Fixed(bool repaired) => repaired ? " (fixed)" : "";

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Token data invalid in Redis")]
        public static partial void Malformed(ILogger logger, TokenKey token);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Token found in database but not Redis")]
        public static partial void NoRecord(ILogger logger, TokenKey token, string user);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Token found in Redis but not database")]
        public static partial void NoRow(ILogger logger, TokenKey token, string user);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Token does not match between database and Redis")]
        public static partial void Mismatch(ILogger logger, TokenKey token, string user, IReadOnlyList<string> mismatches);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Token expires after its parent")]
        public static partial void OutlivesParent(ILogger logger, TokenKey token, string user, string? expires, string? parentExpires);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Token has no parent")]
        public static partial void NoParent(ILogger logger, TokenKey token, string user);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Token has unknown scope")]
        public static partial void UnknownScope(ILogger logger, TokenKey token, string user, string scope);
    }
}
