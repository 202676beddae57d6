using System.Net;
using Porthor.History;
using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Operations;

// Revocation and edits, with their effects on the child tokens (contract/tokens.md 7.6, 7.7).
public sealed partial class TokenService
{
    /// <summary>Revokes a token of a user and all its descendants. Returns false if the user has no such token.</summary>
    /// <param name="key">The key of the token.</param>
    /// <param name="caller">The requester: the user, or an administrator.</param>
    /// <param name="username">The user to whom the token belongs.</param>
    /// <param name="cancellationToken">Prevents the revocation if it is cancelled before the revocation begins.</param>
    /// <exception cref="PorthorException">The requester does not have the permission.</exception>
    /// <exception cref="StoreUnavailableException">A store did not respond. Some tokens may have been revoked.</exception>
    public async Task<bool> DeleteTokenAsync(
        TokenKey key, Caller caller, string username, CancellationToken cancellationToken = default) =>
        await RevokeTokenAsync(key, caller, username, cancellationToken) is not null;

    /// <summary>Revokes a token of a user and all its descendants.</summary>
    /// <returns>
    /// The tokens that this call revoked; null if there is no such token. If another client revokes the token at the same time, the result
    /// may not contain all tokens of the tree.
    /// </returns>
    public async Task<IReadOnlyList<TokenInfo>?> RevokeTokenAsync(
        TokenKey key, Caller caller, string username, CancellationToken cancellationToken = default)
    {
        if (await GetTokenInfoUncheckedAsync(key, username, cancellationToken) is not { } found)
            return null;
        Require(TokenRules.Authorize(caller, found.Username));

        var now = clock.GetSecondsNow();
        var revoked = await store.RevokeTreeAsync(
            key, token => TokenChange.Of(token, ChangeAction.Revoke, caller.Username, caller.IpAddress, now), cancellationToken);
        foreach (var token in revoked)
            Log.DeletedToken(logger, token.Token, token.Username);
        // If two clients revoke the same token at the same time, one of them gets null. If maintenance completes the revocation, both get a
        // list.
        return revoked.Any(token => token.Token == key) || await WasCompletedAsync(key, username) ? revoked : null;
    }

    /// <summary>
    /// Returns true if maintenance or an audit completed the revocation of the token, according to the latest history entry.
    /// </summary>
    private async Task<bool> WasCompletedAsync(TokenKey key, string username)
    {
        var filter = new HistoryFilter { Username = username, Key = key, Actor = TokenRecord.InternalUsername };
        var page = await changes.GetAsync(new HistoryRequest<HistoryFilter>(filter, Cursor: null, Limit: 1), CancellationToken.None);
        return await page.Rows.AnyAsync(change => change.Token == key && change.Action == ChangeAction.Revoke);
    }

    /// <summary>
    /// Revokes the session of a browser that logs out, and all its descendants. The session token need not have the scope
    /// <c>user:token</c>. If the token is not valid or not a session token, the method has no effect.
    /// </summary>
    public async Task EndSessionAsync(Token token, IPAddress? ipAddress, CancellationToken cancellationToken = default)
    {
        if (await GetDataAsync(token, cancellationToken) is not { TokenType: TokenType.Session } record)
            return;
        var mayRevoke = record with { Scopes = record.Scopes.Union(ScopeSet.Of(Scopes.UserToken)) };
        await DeleteTokenAsync(token.Key, new Caller(mayRevoke, ipAddress), record.Username, cancellationToken);
    }

    /// <summary>
    /// Changes the name, the scopes or the expiration of a user token, for administrators. The descendants lose the scopes that the token
    /// loses (deviations 2), and expire at the latest when the token expires. Returns null and changes nothing if there is no such token,
    /// or if its record must be changed and does not exist (deviations 8).
    /// </summary>
    /// <exception cref="PorthorException">The requester does not have the permission, or the edit is not allowed.</exception>
    public async Task<TokenInfo?> ModifyTokenAsync(
        TokenKey key, Caller caller, string? username, TokenEdit edit, CancellationToken cancellationToken = default)
    {
        if (await GetTokenInfoUncheckedAsync(key, username, cancellationToken) is not { } found)
            return null;
        Require(TokenRules.Authorize(caller, found.Username, requireAdmin: true));
        if (found.TokenType != TokenType.User)
            Require(PorthorError.PermissionDenied("Only user tokens can be modified"));
        Require(TokenRules.TokenName(edit.TokenName));
        if (edit.Scopes is { } scopes)
            Require(TokenRules.GrantedScopes(scopes, caller, options));
        if (edit.ChangesExpires)
            Require(TokenRules.Expires(edit.Expires, TokenType.User, clock.GetSecondsNow(), options.Policy));

        var now = clock.GetSecondsNow();
        var modified = await store.EditTreeAsync(
            key,
            transaction => EditAsync(transaction, key, caller, edit),
            (transaction, token, record, reduction) => Reduce(transaction, caller, now, token, record, reduction),
            cancellationToken);
        if (modified is not null)
            Log.ModifiedToken(logger, key, modified.Expires?.ToLogText(), modified.TokenName, modified.Scopes.Names);
        return modified;
    }

    /// <summary>Edits a token. Returns the edited token and the reduction of its descendants.</summary>
    private async Task<(TokenInfo? After, Reduction Reduction)> EditAsync(
        TokenTransaction transaction, TokenKey key, Caller caller, TokenEdit edit)
    {
        if (await transaction.LockAsync(key) is not { } before)
            return (null, Reduction.None);
        var after = before with
        {
            TokenName = edit.TokenName ?? before.TokenName,
            Scopes = edit.Scopes ?? before.Scopes,
            Expires = edit.ChangesExpires ? edit.Expires?.TruncateToSeconds() : before.Expires,
            Parent = null,
        };
        var changesRecord = edit.Scopes is not null || edit.ChangesExpires;
        var current = changesRecord ? await transaction.ReadRecordAsync(key) : null;
        if (changesRecord && current is null)
            return (null, Reduction.None);

        transaction.Edit(after, TokenChange.Of(after, ChangeAction.Edit, caller.Username, caller.IpAddress, clock.GetSecondsNow()) with
        {
            Service = null,
            OldTokenName = edit.TokenName is null ? null : before.TokenName,
            OldScopes = edit.Scopes is null ? null : before.Scopes,
            OldExpires = edit.ChangesExpires ? before.Expires : null,
        });
        if (current is null)
            return (after, Reduction.None);
        transaction.Edit(current, current.Record with { Scopes = after.Scopes, Expires = after.Expires });
        var lost = before.Scopes.Union(current.Record.Scopes).Except(after.Scopes);
        return (after, new Reduction(lost, edit.ChangesExpires ? after.Expires : null));
    }

    /// <summary>Removes the lost scopes from a descendant, and limits its expiration.</summary>
    private static void Reduce(
        TokenTransaction transaction, Caller caller, DateTimeOffset now, TokenInfo before, DecryptedRecord? current, Reduction reduction)
    {
        var (lost, end) = (reduction.Lost, reduction.End);
        var shortened = end is not null && !(before.Expires <= end);
        var after = before with { Scopes = before.Scopes.Except(lost), Expires = shortened ? end : before.Expires };
        if (current is { Record: var record })
        {
            var outlives = end is not null && !(record.Expires <= end);
            transaction.Edit(current, record with { Scopes = record.Scopes.Except(lost), Expires = outlives ? end : record.Expires });
        }
        if (after == before)
            return;
        transaction.Edit(after, TokenChange.Of(after, ChangeAction.Edit, caller.Username, caller.IpAddress, now) with
        {
            OldScopes = after.Scopes.Equals(before.Scopes) ? null : before.Scopes,
            OldExpires = shortened ? before.Expires : null,
        });
    }
}
