using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Audit;

// Repairs tokens together with their descendants. The descendants are reduced before the token, so that the next audit finds the token
// again if the repair was interrupted. Each transaction checks the inconsistency again under the locks of a change.
public sealed partial class TokenAudit
{
    private async Task<List<AuditFinding>> RepairAsync(IReadOnlyList<Confirmed> confirmed, CancellationToken cancellationToken)
    {
        Dictionary<TokenKey, TreeReduction> roots = [];
        foreach (var one in confirmed)
        {
            if (ReductionBy(one) is { Below.IsEmpty: false } reduction)
                roots[one.Row.Token] = reduction;
        }
        List<AuditFinding> findings = [];
        if (roots.Count > 0)
        {
            var shortened = await store.ReduceTreesAsync(roots, ReduceDescendant);
            findings.AddRange(shortened.OfType<Shortened>().Select(child => OutlivesParent(child, repaired: true)));
        }
        foreach (var batch in confirmed.Where(one => one.Mismatches.Count > 0).Chunk(store.TokenIndex.BatchSize))
            findings.AddRange(await RepairMismatchesAsync(batch, cancellationToken));
        return findings;
    }

    /// <summary>
    /// Returns the reductions of a token that expires after its parent, and of the descendants of a token that is repaired.
    /// </summary>
    private TreeReduction ReductionBy(Confirmed one)
    {
        var self = one.Outlived is { } parentExpires ? new Reduction(ScopeSet.Empty, parentExpires) : Reduction.None;
        var below = self;
        // A token without a record is set to expire now.
        if (one.LacksRecord)
            below = below.And(new Reduction(ScopeSet.Empty, clock.GetSecondsNow()));
        if (one is { Record: { } record, Mismatches: var names } && names.Any(IsRepairable))
        {
            var end = TokenRecord.Earlier(one.Row.Expires?.TruncateToSeconds(), record.Expires);
            below = below.And(new Reduction(one.Row.Scopes.Except(record.Scopes), end));
        }
        return new TreeReduction(self, below);
    }

    /// <summary>
    /// Sets the scopes of the row to those of the record, and the expiration of both to the earlier one (deviations 28). All other
    /// differences are caused by manual changes of the data, and the correct value is unknown.
    /// </summary>
    private async Task<IReadOnlyList<AuditFinding>> RepairMismatchesAsync(
        IReadOnlyList<Confirmed> suspects, CancellationToken cancellationToken)
    {
        var repaired = await store.ChangeAsync(
            async transaction =>
            {
                List<(TokenKey Token, string Username, IReadOnlyList<string> Names)> all = [];
                var rows = await transaction.LockInOrderAsync([.. suspects.Select(one => one.Row.Token)]);
                var records = await transaction.ReadRecordsAsync([.. rows.Select(row => row.Token)]);
                foreach (var row in rows)
                {
                    if (!records.TryGetValue(row.Token, out var current))
                        continue;
                    var names = AuditComparison.Mismatches(row, current.Record);
                    all.Add((row.Token, current.Record.Username, names));
                    if (!names.Any(IsRepairable))
                        continue;
                    var end = TokenRecord.Earlier(row.Expires?.TruncateToSeconds(), current.Record.Expires);
                    transaction.Edit(row with { Scopes = current.Record.Scopes, Expires = end });
                    transaction.Edit(current, current.Record with { Expires = end });
                }
                return all;
            },
            cancellationToken: cancellationToken);
        // If an ancestor was repaired before, its repair may already have removed the difference.
        var before = suspects.ToDictionary(one => one.Row.Token, one => one.Mismatches);
        return
        [
            .. repaired.Select(one =>
                Mismatch(one.Token, one.Username, one.Names.Count > 0 ? one.Names : before[one.Token], fix: true)),
        ];
    }

    /// <summary>
    /// Reduces a descendant of a repaired token. The descendant must not expire after the repaired token, and loses the scopes that the
    /// token loses, as with an edit (deviations 2). A descendant without a record is not changed, because the audit reports it as a
    /// separate inconsistency.
    /// </summary>
    private static Shortened? ReduceDescendant(TokenTransaction transaction, TokenInfo token, DecryptedRecord? current, Reduction reduction)
    {
        if (current is null)
            return null;
        var (lost, end) = (reduction.Lost, reduction.End);
        var outlives = AuditComparison.Outlives(token.Expires, end);
        if (outlives || token.Scopes.Names.Any(lost.Contains) || current.Record.Scopes.Names.Any(lost.Contains))
            ReduceToken(transaction, token, current, lost, outlives ? end : token.Expires);
        return outlives ? new Shortened(token, current.Record.Username, end!.Value) : null;
    }

    private static void ReduceToken(
        TokenTransaction transaction, TokenInfo token, DecryptedRecord? current, ScopeSet lost, DateTimeOffset? end)
    {
        transaction.Edit(token with { Scopes = token.Scopes.Except(lost), Expires = end });
        if (current is { Record: var record })
            transaction.Edit(
                current, record with { Scopes = record.Scopes.Except(lost), Expires = TokenRecord.Earlier(record.Expires, end) });
    }

    private AuditFinding Mismatch(TokenKey key, string username, IReadOnlyList<string> mismatches, bool fix)
    {
        Log.Mismatch(logger, key, username, mismatches);
        var list = string.Join(", ", mismatches.Select(name => fix && IsRepairable(name) ? name + " [fixed]" : name));
        return new AuditFinding(
            AuditKind.Mismatch, key, $"Token `{key}` for `{username}` does not match between database and Redis ({list})",
            Repaired: fix && mismatches.All(IsRepairable));
    }

    private AuditFinding OutlivesParent(Shortened child, bool repaired)
    {
        Log.OutlivesParent(
            logger, child.Token.Token, child.Username, child.Token.Expires?.TruncateToSeconds().ToLogText(),
            child.ParentExpires.TruncateToSeconds().ToLogText());
        return new AuditFinding(
            AuditKind.OutlivesParent,
            child.Token.Token,
            $"Token `{child.Token.Token}` for `{child.Username}` expires after its parent token{Fixed(repaired)}",
            repaired);
    }

    private static bool IsRepairable(string mismatch) => mismatch is "scopes" or "expires";

    /// <summary>Represents a child token that expires after its parent.</summary>
    /// <param name="Token">The child token before the repair.</param>
    /// <param name="Username">The user to whom it belongs.</param>
    /// <param name="ParentExpires">The expiration of the parent.</param>
    private sealed record Shortened(TokenInfo Token, string Username, DateTimeOffset ParentExpires);
}
