using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Porthor.History;
using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Audit;

/// <summary>
/// Compares the token index with the record store, and reports inconsistencies between them and tokens that violate a rule
/// (contract/tokens.md 9). It reads both stores in batches. Each suspected inconsistency is checked again under the locks that changes use,
/// so that a token that is being created or revoked is not reported (deviations 16).
/// </summary>
/// <remarks>
/// The record store is scanned first, to find records without a row. Then the token index is read, to find all other inconsistencies. A
/// record that has a row is therefore decrypted only once. A row that is committed between the two steps is found in the second step.
/// </remarks>
public sealed partial class TokenAudit(
    TokenStore store, RecordCodec codec, TokenOptions options, TimeProvider clock, ILogger<TokenAudit> logger)
{
    private const int BatchSize = 1000;

    /// <summary>Finds inconsistencies, and repairs those for which the correct value is known.</summary>
    /// <param name="fix">True to repair; the findings then state what was repaired.</param>
    /// <param name="progress">Receives the progress; null if it is not needed.</param>
    /// <param name="cancellationToken">Cancels the audit. Repairs that were made remain.</param>
    /// <exception cref="AuditException">A repair would destroy valid data.</exception>
    /// <exception cref="StoreUnavailableException">A store did not respond.</exception>
    public async IAsyncEnumerable<AuditFinding> RunAsync(
        bool fix, IProgress<AuditProgress>? progress = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (fix)
        {
            await RequireReadableAsync(cancellationToken);
            var now = clock.GetSecondsNow();
            await store.CompleteRevocationsAsync(
                token => TokenChange.Of(token, ChangeAction.Revoke, TokenRecord.InternalUsername, ipAddress: null, now), cancellationToken);
        }
        long examined = 0, findings = 0, tokens = 0;
        SeenKeys seen = new();
        await foreach (var (keys, unlisted) in Prefetch.OfAsync(ScanAsync(cancellationToken)))
        {
            foreach (var finding in await ExamineUnlistedAsync([.. unlisted.Where(seen.Add)], fix, cancellationToken))
            {
                findings++;
                yield return finding;
            }
            progress?.Report(new AuditProgress(examined += keys, findings));
        }

        await foreach (var batch in Prefetch.OfAsync(ReadRowsAsync(cancellationToken)))
        {
            foreach (var finding in await ExamineRowsAsync(batch, fix, cancellationToken))
            {
                findings++;
                yield return finding;
            }
            progress?.Report(new AuditProgress(examined += batch.Rows.Count, findings, tokens += batch.Rows.Count));
        }
    }

    /// <summary>
    /// Checks that at least one record can be read. With a wrong session secret no record can be read, and a repair would delete all
    /// records.
    /// </summary>
    private async Task RequireReadableAsync(CancellationToken cancellationToken)
    {
        var any = false;
        await foreach (var keys in store.RecordStore.ScanAsync(cancellationToken))
        {
            var records = await store.RecordStore.GetAsync(keys, cancellationToken);
            if (records.Any(found => codec.TryDecrypt(found.Key, found.Value) is not null))
                return;
            any |= records.Count > 0;
        }
        if (any)
            throw new AuditException(
                "Cannot read any record with the configured session secret. Nothing was repaired. Check the session secret.");
    }

    private void AddUnknownScopes(List<AuditFinding> findings, TokenRecord record)
    {
        var key = record.Token.Key;
        foreach (var scope in record.Scopes.Names.Where(scope => !options.KnownScopes.ContainsKey(scope)))
        {
            Log.UnknownScope(logger, key, record.Username, scope);
            findings.Add(new AuditFinding(
                AuditKind.UnknownScope, key, $"Token `{key}` for `{record.Username}` has unknown scope (`{scope}`)", Repaired: false));
        }
    }

    private AuditFinding Malformed(TokenKey key, bool repaired)
    {
        Log.Malformed(logger, key);
        return new AuditFinding(AuditKind.Malformed, key, $"Token `{key}` in Redis is malformed{Fixed(repaired)}", repaired);
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
