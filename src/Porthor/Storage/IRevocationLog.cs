using Porthor.Tokens;

namespace Porthor.Storage;

/// <summary>
/// What was taken lately, for a record store that may have lost it: before it answers on a new connection it deletes again what was revoked, and
/// narrows again what was narrowed (README.md in this folder).
/// </summary>
public interface IRevocationLog
{
    /// <summary>The next keys after a key, in key order, that are still to be remembered.</summary>
    Task<IReadOnlyList<TokenKey>> RevokedAsync(DateTimeOffset now, TokenKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>The next tokens after a key, in key order, that were edited since then, as they are listed now.</summary>
    Task<IReadOnlyList<TokenInfo>> EditedAsync(DateTimeOffset since, TokenKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Removes expired keys, and returns how many. Keys of tokens that are still listed are kept: their revocation was interrupted and must
    /// be completed.
    /// </summary>
    Task<int> ForgetRevokedAsync(DateTimeOffset now, CancellationToken cancellationToken);
}
