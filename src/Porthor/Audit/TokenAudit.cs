using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Porthor.History;
using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Audit;

/// <summary>
/// Compares token index and record store and reports where they disagree, or a token breaks a rule (contract/tokens.md 9). It walks
/// through both in batches, and looks at each suspect once more under the locks that changes take, so that a token being
/// made or revoked meanwhile is not reported (deviations 16).
/// </summary>
/// <remarks>
/// First through the record store, for records that no row lists; then through the token index, for everything else. So each record is read and
/// decrypted once. A row that is committed in between is met on the second walk.
/// </remarks>
public sealed partial class TokenAudit(
    TokenStore store, RecordCodec codec, TokenOptions options, TimeProvider clock, ILogger<TokenAudit> logger)
{
    private const int BatchSize = 1000;

    /// <summary>Finds inconsistencies, and repairs what can be repaired without guessing.</summary>
    /// <param name="fix">Repair, and say so in the findings.</param>
    /// <exception cref="AuditException">To repair would be to destroy.</exception>
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
    /// With the wrong session secret every record is malformed, and to repair that is to delete them all. One that can be read proves
    /// the secret; most often it is among the first.
    /// </summary>
    private async Task RequireReadableAsync(CancellationToken cancellationToken)
    {
        var any = false;
        await foreach (var keys in store.RecordStore.ScanAsync(cancellationToken))
        {
            var records = await store.RecordStore.GetAsync(keys, cancellationToken);
            if (records.Any(found => codec.TryOpen(found.Key, found.Value) is not null))
                return;
            any |= records.Count > 0;
        }
        if (any)
            throw new AuditException("No record can be read with the configured session secret, so nothing is repaired. Is it the right one?");
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
