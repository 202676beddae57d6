using Porthor.Delegation;
using Porthor.Tokens;

namespace Porthor.Server.Ingress;

/// <summary>What was decided and begun by what is remembered of a token, while its record was being read.</summary>
/// <param name="Remembered">What it was decided by; null if nothing was remembered.</param>
internal readonly record struct Prepared(TokenRecord? Remembered, IngressRefusal? Refusal, Counting? Counting, CachedChildToken? Child)
{
    /// <summary>Is the record as it was remembered, so that what was decided holds? The store then gives the very same object.</summary>
    public bool IsFor(TokenRecord record) => ReferenceEquals(record, Remembered);
}
