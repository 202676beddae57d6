using Porthor.Tokens;

namespace Porthor.Storage;

/// <summary>
/// Reads recent revocations and reductions, for a record store that may have lost them. Before the record store uses a new connection, it
/// deletes the records of revoked tokens again, and reduces the records of edited tokens again (README.md in this folder).
/// </summary>
public interface IRevocationLog
{
    /// <summary>
    /// Returns the next revoked keys after <paramref name="after"/> whose retention time has not ended, in key order.
    /// </summary>
    /// <param name="now">The current time.</param>
    /// <param name="after">The last key that the caller has read; null for the beginning.</param>
    /// <param name="limit">The maximum number of keys.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<IReadOnlyList<TokenKey>> RevokedAsync(DateTimeOffset now, TokenKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Returns the next tokens after <paramref name="after"/> that were edited since a time, in key order, with their current values.
    /// </summary>
    /// <param name="since">The time of the earliest edit.</param>
    /// <param name="after">The last key that the caller has read; null for the beginning.</param>
    /// <param name="limit">The maximum number of tokens.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<IReadOnlyList<TokenInfo>> EditedAsync(DateTimeOffset since, TokenKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Removes the keys whose retention time has ended, and returns their number. The keys of tokens that are still listed are kept,
    /// because their revocation was interrupted and must be completed.
    /// </summary>
    Task<int> DeleteOldRevocationsAsync(DateTimeOffset now, CancellationToken cancellationToken);
}
