using Porthor.Tokens;

namespace Porthor.Storage;

/// <summary>
/// Reads recent revocations and reductions, for a record store that may have lost them: before the record store uses a new connection, it
/// deletes the revoked records again and reduces the reduced records again (README.md in this folder).
/// </summary>
public interface IRevocationLog
{
    /// <summary>
    /// Returns the next revoked keys after <paramref name="after"/>, in key order, whose retention time has not passed.
    /// </summary>
    /// <param name="now">The current time.</param>
    /// <param name="after">The last key that the caller has read; null for the beginning.</param>
    /// <param name="limit">The maximum number of keys.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<IReadOnlyList<TokenKey>> RevokedAsync(DateTimeOffset now, TokenKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Returns the next tokens after <paramref name="after"/>, in key order, that were edited after a time, with their current values.
    /// </summary>
    /// <param name="since">The time of the earliest edit.</param>
    /// <param name="after">The last key that the caller has read; null for the beginning.</param>
    /// <param name="limit">The maximum number of tokens.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<IReadOnlyList<TokenInfo>> EditedAsync(DateTimeOffset since, TokenKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Removes the keys whose retention time has passed, and returns their number. Keys of tokens that are still listed are kept: their
    /// revocation was interrupted and must be completed.
    /// </summary>
    Task<int> DeleteOldRevocationsAsync(DateTimeOffset now, CancellationToken cancellationToken);
}
