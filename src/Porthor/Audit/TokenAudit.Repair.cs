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
    private async Task<AuditFinding?> ConfirmMismatchAsync(TokenInfo suspect, bool fix, CancellationToken cancellationToken)
    {
        var (mismatches, username) = await store.ChangeAsync(
            async transaction =>
            {
                if (await transaction.LockAsync(suspect.Token) is not { } row || await transaction.ReadRecordAsync(suspect.Token) is not { } current)
                    return ([], suspect.Username);
                var names = AuditComparison.Mismatches(row, current.Record);
                if (fix && names.Any(IsRepairable))
                    Repair(transaction, row, current);
                return (names, current.Record.Username);
            },
            cancellationToken: cancellationToken);
        if (mismatches.Count == 0)
            return null;
        Log.Mismatch(logger, suspect.Token, username, mismatches);
        var list = string.Join(", ", mismatches.Select(name => fix && IsRepairable(name) ? name + " [fixed]" : name));
        return new AuditFinding(
            AuditKind.Mismatch,
            suspect.Token,
            $"Token `{suspect.Token}` for `{username}` does not match between database and Redis ({list})",
            Repaired: fix && mismatches.All(IsRepairable));
    }

    private async Task<AuditFinding?> ConfirmOutlivesParentAsync(
        TokenInfo suspect, string username, bool fix, CancellationToken cancellationToken)
    {
        var (expires, parentExpires) = await store.ChangeAsync(
            async transaction =>
            {
                // The parent first, as every change of both does.
                if (suspect.Parent is not { } parentKey
                    || await transaction.LockParentAsync(parentKey) is not { } parent
                    || await transaction.LockAsync(suspect.Token) is not { } child
                    || !AuditComparison.Outlives(child.Expires, parent.Expires))
                    return (null, null);
                if (fix)
                {
                    transaction.Edit(child with { Expires = parent.Expires });
                    if (await transaction.ReadRecordAsync(suspect.Token) is { } current)
                        transaction.Edit(current, current.Record with { Expires = AuditComparison.Earlier(current.Record.Expires, parent.Expires) });
                }
                return (child.Expires, parent.Expires);
            },
            cancellationToken: cancellationToken);
        if (parentExpires is null)
            return null;
        Log.OutlivesParent(logger, suspect.Token, username, expires?.ToLogText(), parentExpires?.ToLogText());
        return new AuditFinding(
            AuditKind.OutlivesParent, suspect.Token, $"Token `{suspect.Token}` for `{username}` expires after its parent token{Fixed(fix)}", fix);
    }

    private static bool IsRepairable(string mismatch) => mismatch is "scopes" or "expires";

    private static void Repair(TokenTransaction transaction, TokenInfo row, OpenedRecord current)
    {
        var expires = AuditComparison.Earlier(row.Expires?.TruncateToSeconds(), current.Record.Expires);
        transaction.Edit(row with { Scopes = current.Record.Scopes, Expires = expires });
        transaction.Edit(current, current.Record with { Expires = expires });
    }
}
