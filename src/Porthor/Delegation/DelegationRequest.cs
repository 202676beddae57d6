using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Delegation;

/// <summary>A child that is wanted.</summary>
/// <param name="Parent">Whose child it is to be: the caller's token.</param>
/// <param name="TokenType">Either <see cref="TokenType.Internal"/> or <see cref="TokenType.Notebook"/>.</param>
/// <param name="Service">Null for a notebook token.</param>
/// <param name="MinimumLifetime">How long it must last at least; null for half of a usual life.</param>
public sealed record DelegationRequest(Caller Parent, TokenType TokenType, string? Service, ScopeSet Scopes, TimeSpan? MinimumLifetime)
{
    /// <summary>Null also where zero was given, which asks for nothing (contract/tokens.md 8.3).</summary>
    public TimeSpan? MinimumLifetime { get; } = MinimumLifetime == TimeSpan.Zero ? null : MinimumLifetime;

    /// <summary>
    /// What children are shared by. The parent's end is part of it, so that changing the end makes earlier children
    /// unreachable (contract/tokens.md 8.1).
    /// </summary>
    internal ChildKey Key => new(Parent.Record.Token.Key, Parent.Record.Expires, TokenType, Service, Scopes);
}

internal readonly record struct ChildKey(
    TokenKey Parent, DateTimeOffset? ParentExpires, TokenType TokenType, string? Service, ScopeSet Scopes);

/// <summary>A child that is remembered for requests of a kind, and whose record is being read.</summary>
public sealed class CachedChildToken
{
    internal CachedChildToken(ChildKey key, Token child, Task<TokenRecord?> record) => (Key, Child, Record) = (key, child, record);

    internal ChildKey Key { get; }

    internal Token Child { get; }

    /// <summary>Null in the end if the child does not work any more.</summary>
    internal Task<TokenRecord?> Record { get; }
}
