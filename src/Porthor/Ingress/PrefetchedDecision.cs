using Porthor.Delegation;
using Porthor.Tokens;

namespace Porthor.Ingress;

/// <summary>
/// Represents the decision for the cached record of a token, and the operations that began while the current record was being read.
/// </summary>
/// <param name="Record">The cached record; null if none was cached.</param>
/// <param name="Denial">The answer if the request is denied; null if it is allowed.</param>
/// <param name="Count">The operation that counts the request; null if the request is not counted.</param>
/// <param name="Child">The cached child token whose record is being read; null if none is cached or delegated.</param>
internal readonly record struct PrefetchedDecision(TokenRecord? Record, DeniedAnswer? Denial, PendingCount? Count, CachedChildToken? Child)
{
    /// <summary>
    /// Returns true if the decision is valid for a record. For an unchanged record the token store returns the same object, so the method
    /// compares references.
    /// </summary>
    public bool IsFor(TokenRecord record) => ReferenceEquals(record, Record);
}
