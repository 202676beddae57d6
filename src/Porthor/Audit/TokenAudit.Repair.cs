using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Audit;

// Repairs that reach a token's descendants. Each decides anew, in a transaction that holds all their locks.
public sealed partial class TokenAudit
{
    /// <summary>
    /// Repaired are the scopes, where the record is right, and the end, where the earlier one is (deviations 28). What else
    /// differs was changed by hand, and nobody can tell which side is wrong.
    /// </summary>
    private async Task<IReadOnlyList<AuditFinding>> RepairMismatchAsync(TokenInfo suspect, CancellationToken cancellationToken)
    {
        var (mismatches, username, shortened) = await store.ChangeAsync(
            async Task<(IReadOnlyList<string>, string, IReadOnlyList<Shortened>)> (transaction) =>
            {
                if (await transaction.LockAsync(suspect.Token) is not { } row || await transaction.ReadRecordAsync(suspect.Token) is not { } current)
                    return ([], suspect.Username, []);
                var names = AuditComparison.Mismatches(row, current.Record);
                if (!names.Any(IsRepairable))
                    return (names, current.Record.Username, []);
                var end = TokenRecord.Earlier(row.Expires?.TruncateToSeconds(), current.Record.Expires);
                transaction.Edit(row with { Scopes = current.Record.Scopes, Expires = end });
                transaction.Edit(current, current.Record with { Expires = end });
                var lost = row.Scopes.Except(current.Record.Scopes);
                return (names, current.Record.Username, await CutDescendantsAsync(transaction, suspect.Token, lost, end));
            },
            cancellationToken: cancellationToken);
        if (mismatches.Count == 0)
            return [];
        return [Mismatch(suspect.Token, username, mismatches, fix: true), .. shortened.Select(child => OutlivesParent(child, repaired: true))];
    }

    private async Task<IReadOnlyList<AuditFinding>> RepairOutlivesParentAsync(TokenInfo suspect, CancellationToken cancellationToken)
    {
        var outliving = await store.ChangeAsync(
            async Task<IReadOnlyList<Shortened>> (transaction) =>
            {
                // The parent first, as every change of both does.
                if (suspect.Parent is not { } parentKey
                    || await transaction.LockParentAsync(parentKey) is not { } parent
                    || await transaction.LockAsync(suspect.Token) is not { } child
                    || !AuditComparison.Outlives(child.Expires, parent.Expires))
                    return [];
                var current = await transaction.ReadRecordAsync(suspect.Token);
                Cut(transaction, child, current, ScopeSet.Empty, parent.Expires);
                return
                [
                    new Shortened(child, current?.Record.Username ?? child.Username, parent.Expires!.Value),
                    .. await CutDescendantsAsync(transaction, suspect.Token, ScopeSet.Empty, parent.Expires),
                ];
            },
            cancellationToken: cancellationToken);
        return [.. outliving.Select(child => OutlivesParent(child, repaired: true))];
    }

    /// <summary>
    /// Tokens without a record were ended. Few of them have descendants, and those may have their records still: a node died while it revoked
    /// the token and another made a child.
    /// </summary>
    private async Task<IReadOnlyList<AuditFinding>> EndDescendantsAsync(IReadOnlyList<TokenKey> ended, CancellationToken cancellationToken)
    {
        List<AuditFinding> findings = [];
        if (ended.Count == 0 || !await store.ChangeAsync(transaction => transaction.HaveChildrenAsync(ended), cancellationToken: cancellationToken))
            return findings;
        foreach (var key in ended)
        {
            var shortened = await store.ChangeAsync(
                async transaction => await transaction.LockAsync(key) is { Expires: { } end } ? await CutDescendantsAsync(transaction, key, ScopeSet.Empty, end) : [],
                cancellationToken: cancellationToken);
            findings.AddRange(shortened.Select(child => OutlivesParent(child, repaired: true)));
        }
        return findings;
    }

    /// <summary>
    /// What becomes too long by a repair is repaired with it, so that no second run finds what the first one caused. And what a token
    /// loses its descendants lose, as by any other edit (deviations 2). One without a record has nothing that could be too long, and is a
    /// finding of its own.
    /// </summary>
    private static async Task<IReadOnlyList<Shortened>> CutDescendantsAsync(TokenTransaction transaction, TokenKey key, ScopeSet lost, DateTimeOffset? end)
    {
        if (lost.IsEmpty && end is null)
            return [];
        var descendants = await transaction.LockDescendantsAsync(key);
        var records = await transaction.ReadRecordsAsync([.. descendants.Select(token => token.Token)]);
        List<Shortened> shortened = [];
        foreach (var token in descendants)
        {
            if (!records.TryGetValue(token.Token, out var current))
                continue;
            var outlives = AuditComparison.Outlives(token.Expires, end);
            if (outlives)
                shortened.Add(new Shortened(token, current.Record.Username, end!.Value));
            if (outlives || token.Scopes.Names.Any(lost.Contains) || current.Record.Scopes.Names.Any(lost.Contains))
                Cut(transaction, token, current, lost, outlives ? end : token.Expires);
        }
        return shortened;
    }

    private static void Cut(TokenTransaction transaction, TokenInfo token, OpenedRecord? current, ScopeSet lost, DateTimeOffset? end)
    {
        transaction.Edit(token with { Scopes = token.Scopes.Except(lost), Expires = end });
        if (current is { Record: var record })
            transaction.Edit(current, record with { Scopes = record.Scopes.Except(lost), Expires = TokenRecord.Earlier(record.Expires, end) });
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
        Log.OutlivesParent(logger, child.Token.Token, child.Username, child.Token.Expires?.ToLogText(), child.ParentExpires.ToLogText());
        return new AuditFinding(
            AuditKind.OutlivesParent,
            child.Token.Token,
            $"Token `{child.Token.Token}` for `{child.Username}` expires after its parent token{Fixed(repaired)}",
            repaired);
    }

    private static bool IsRepairable(string mismatch) => mismatch is "scopes" or "expires";

    /// <summary>A child that ends later than its parent.</summary>
    /// <param name="Token">As it was.</param>
    private sealed record Shortened(TokenInfo Token, string Username, DateTimeOffset ParentExpires);
}
