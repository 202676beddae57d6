using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Delegation;

/// <summary>Represents a request for a child token.</summary>
/// <param name="Parent">The requester, whose token is the parent.</param>
/// <param name="TokenType">Either <see cref="TokenType.Internal"/> or <see cref="TokenType.Notebook"/>.</param>
/// <param name="Service">The service; null for a notebook token.</param>
/// <param name="Scopes">The scopes of the child token.</param>
/// <param name="MinimumLifetime">The minimum remaining lifetime; null for half of the lifetime of the child token.</param>
public sealed record DelegationRequest(Caller Parent, TokenType TokenType, string? Service, ScopeSet Scopes, TimeSpan? MinimumLifetime)
{
    /// <summary>
    /// Returns the minimum remaining lifetime; null if the request contained none or zero, which have the same meaning (contract/tokens.md
    /// 8.3).
    /// </summary>
    public TimeSpan? MinimumLifetime { get; } = MinimumLifetime == TimeSpan.Zero ? null : MinimumLifetime;

    /// <summary>
    /// Returns the key in the cache. Requests with the same key share a child token. The key contains the expiration of the parent, so that
    /// a cached child token is not used after the expiration of its parent was changed (contract/tokens.md 8.1).
    /// </summary>
    internal ChildKey Key => new(Parent.Record.Token.Key, Parent.Record.Expires, TokenType, Service, Scopes);
}

internal readonly record struct ChildKey(
    TokenKey Parent, DateTimeOffset? ParentExpires, TokenType TokenType, string? Service, ScopeSet Scopes);

/// <summary>Represents a cached child token whose record is being read.</summary>
public sealed class CachedChildToken
{
    internal CachedChildToken(ChildKey key, Token child, Task<TokenRecord?> record) => (Key, Child, Record) = (key, child, record);

    internal ChildKey Key { get; }

    internal Token Child { get; }

    /// <summary>Returns the record; null if the child token is no longer valid.</summary>
    internal Task<TokenRecord?> Record { get; }
}
