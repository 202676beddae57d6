using Porthor.Delegation;
using Porthor.Tokens;

namespace Porthor.Ingress;

/// <summary>The decision by the cached record of a token, and the operations that began while the record was being read.</summary>
/// <param name="Record">The cached record; null if none was cached.</param>
/// <param name="Denial">Why the request is denied; null if it is allowed.</param>
/// <param name="Count">The count that was begun; null if nothing is counted.</param>
/// <param name="Child">The cached child token whose record is being read; null if none is cached or delegated.</param>
internal readonly record struct PrefetchedDecision(TokenRecord? Record, DeniedAnswer? Denial, PendingCount? Count, CachedChildToken? Child)
{
    /// <summary>
    /// Returns whether the decision is valid for a record: only if it is the same object, which the store returns for an unchanged record.
    /// </summary>
    public bool IsFor(TokenRecord record) => ReferenceEquals(record, Record);
}
