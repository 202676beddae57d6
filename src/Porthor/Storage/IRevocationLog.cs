using Porthor.Tokens;

namespace Porthor.Storage;

/// <summary>
/// The keys revoked lately, for a vault that may have lost their deletion: it deletes them again before it answers on a new
/// connection (README.md in this folder).
/// </summary>
public interface IRevocationLog
{
    /// <summary>The next keys after a key, in key order, that are still to be remembered.</summary>
    Task<IReadOnlyList<TokenKey>> RevokedAsync(DateTimeOffset now, TokenKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>Forgets the keys whose time is over, and says how many.</summary>
    Task<int> ForgetRevokedAsync(DateTimeOffset now, CancellationToken cancellationToken);
}
