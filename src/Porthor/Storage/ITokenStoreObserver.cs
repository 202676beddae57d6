using Porthor.History;

namespace Porthor.Storage;

/// <summary>
/// Receives the measurements of the token store and of its caches. Requests wait for the calls, so implementations must return quickly.
/// They must not throw.
/// </summary>
public interface ITokenStoreObserver
{
    /// <summary>Called after the transaction that made the changes has been committed.</summary>
    void TokensChanged(IReadOnlyList<TokenChange> changes);

    /// <summary>Called for each record that was decrypted because it was not in the cache.</summary>
    void RecordDecrypted();

    /// <summary>Called once for each cache.</summary>
    /// <param name="name">The name of the cache in the metrics.</param>
    /// <param name="lookups">Returns the numbers of hits and misses since the cache was created.</param>
    void CacheCreated(string name, Func<(long Hits, long Misses)> lookups);
}
