using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Audit;

// Each suspect is looked at again in a transaction that holds the locks of a change; only what is still wrong then is
// reported, and repaired in the same transaction.
public sealed partial class TokenAudit
{
    private Task<bool> RemoveMalformedAsync(TokenKey key, bool listed, CancellationToken cancellationToken) => store.ChangeAsync(
        async transaction =>
        {
            var locked = listed ? await transaction.LockAsync(key) is not null : await transaction.ClaimAbsentAsync(key);
            if (!locked)
                return false;
            transaction.RemoveRecord(key);
            return true;
        },
        cancellationToken: cancellationToken);

    /// <summary>
    /// Is the record really without a row? Its row may have been about to be committed; then claiming the key waits for that.
    /// </summary>
    private Task<bool> ConfirmNoRowAsync(TokenKey key, bool fix, CancellationToken cancellationToken) => store.ChangeAsync(
        async transaction =>
        {
            if (!await transaction.ClaimAbsentAsync(key) || await transaction.ReadRecordAsync(key) is null)
                return false;
            if (fix)
                transaction.RemoveRecord(key);
            return true;
        },
        cancellationToken: cancellationToken);

    /// <summary>Repaired by ending the token now; maintenance then removes its row.</summary>
    private async Task<AuditFinding?> ConfirmNoRecordAsync(TokenInfo suspect, bool fix, CancellationToken cancellationToken)
    {
        var now = clock.GetSecondsNow();
        var confirmed = await store.ChangeAsync(
            async transaction =>
            {
                if (await transaction.LockAsync(suspect.Token) is not { } row || row.Expires <= now
                    || await transaction.ReadRecordAsync(suspect.Token) is not null)
                    return false;
                if (fix)
                    transaction.Edit(row with { Expires = now });
                return true;
            },
            cancellationToken: cancellationToken);
        if (!confirmed)
            return null;
        Log.NoRecord(logger, suspect.Token, suspect.Username);
        return new AuditFinding(
            AuditKind.NoRecord, suspect.Token, $"Token `{suspect.Token}` for `{suspect.Username}` found in database but not Redis{Fixed(fix)}", fix);
    }

    /// <summary>
    /// Repaired are the scopes, where the record is right, and the end, where the earlier one is (deviations 28). What else
    /// differs was changed by hand, and nobody can tell which side is wrong.
    /// </summary>
    private async Task<IReadOnlyList<AuditFinding>> ConfirmMismatchAsync(TokenInfo suspect, bool fix, CancellationToken cancellationToken)
    {
        var (mismatches, username, shortened) = await store.ChangeAsync(
            async Task<(IReadOnlyList<string>, string, IReadOnlyList<Shortened>)> (transaction) =>
            {
                if (await transaction.LockAsync(suspect.Token) is not { } row || await transaction.ReadRecordAsync(suspect.Token) is not { } current)
                    return ([], suspect.Username, []);
                var names = AuditComparison.Mismatches(row, current.Record);
                if (!fix || !names.Any(IsRepairable))
                    return (names, current.Record.Username, []);
                var end = AuditComparison.Earlier(row.Expires?.TruncateToSeconds(), current.Record.Expires);
                transaction.Edit(row with { Scopes = current.Record.Scopes, Expires = end });
                transaction.Edit(current, current.Record with { Expires = end });
                var lost = row.Scopes.Except(current.Record.Scopes);
                return (names, current.Record.Username, await CutDescendantsAsync(transaction, suspect.Token, lost, end));
            },
            cancellationToken: cancellationToken);
        if (mismatches.Count == 0)
            return [];
        Log.Mismatch(logger, suspect.Token, username, mismatches);
        var list = string.Join(", ", mismatches.Select(name => fix && IsRepairable(name) ? name + " [fixed]" : name));
        return
        [
            new AuditFinding(
                AuditKind.Mismatch,
                suspect.Token,
                $"Token `{suspect.Token}` for `{username}` does not match between database and Redis ({list})",
                Repaired: fix && mismatches.All(IsRepairable)),
            .. shortened.Select(child => OutlivesParent(child, fix)),
        ];
    }

    private async Task<IReadOnlyList<AuditFinding>> ConfirmOutlivesParentAsync(TokenInfo suspect, bool fix, CancellationToken cancellationToken)
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
                if (fix)
                    Cut(transaction, child, current, ScopeSet.Empty, parent.Expires);
                return
                [
                    new Shortened(child, current?.Record.Username ?? child.Username, parent.Expires!.Value),
                    .. fix ? await CutDescendantsAsync(transaction, suspect.Token, ScopeSet.Empty, parent.Expires) : [],
                ];
            },
            cancellationToken: cancellationToken);
        return [.. outliving.Select(child => OutlivesParent(child, fix))];
    }

    /// <summary>
    /// What becomes too long by a repair is repaired with it, so that no second run finds what the first one caused. And what a token
    /// loses its descendants lose, as by any other edit (deviations 2).
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
            var current = records.GetValueOrDefault(token.Token);
            var outlives = AuditComparison.Outlives(token.Expires, end);
            if (outlives)
                shortened.Add(new Shortened(token, current?.Record.Username ?? token.Username, end!.Value));
            if (outlives || token.Scopes.Names.Any(lost.Contains) || current?.Record.Scopes.Names.Any(lost.Contains) == true)
                Cut(transaction, token, current, lost, outlives ? end : token.Expires);
        }
        return shortened;
    }

    private static void Cut(TokenTransaction transaction, TokenInfo token, OpenedRecord? current, ScopeSet lost, DateTimeOffset? end)
    {
        transaction.Edit(token with { Scopes = token.Scopes.Except(lost), Expires = end });
        if (current is { Record: var record })
            transaction.Edit(current, record with { Scopes = record.Scopes.Except(lost), Expires = AuditComparison.Earlier(record.Expires, end) });
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
