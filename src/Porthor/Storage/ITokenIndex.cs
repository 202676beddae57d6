using Porthor.History;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage;

/// <summary>
/// The token index: what is listed and searched about tokens. It alone knows parents and names, and its row locks order the
/// changes of a token and its children (README.md in this folder).
/// </summary>
public interface ITokenIndex
{
    /// <summary>How many tokens one transaction may change without delaying other writers noticeably.</summary>
    int BatchSize { get; }

    /// <summary>One token with its parent; null if it is not listed.</summary>
    Task<TokenInfo?> GetAsync(TokenKey key, CancellationToken cancellationToken);

    /// <summary>
    /// All tokens, or those of one user, newest first and then by key. Parents are not filled in.
    /// </summary>
    Task<IReadOnlyList<TokenInfo>> ListAsync(string? username, CancellationToken cancellationToken);

    /// <summary>
    /// Returns the next tokens of a user after a position, in the order of <see cref="ListAsync(string?, CancellationToken)"/>. Parents are
    /// not filled in.
    /// </summary>
    /// <param name="types">Empty for all types.</param>
    Task<IReadOnlyList<TokenInfo>> ListAsync(
        string username, IReadOnlyList<TokenType> types, TokenCursor? after, int limit, CancellationToken cancellationToken);

    /// <summary>Returns the number of tokens of each type that a user has, including expired ones.</summary>
    Task<IReadOnlyDictionary<TokenType, long>> CountByTypeAsync(string username, CancellationToken cancellationToken);

    /// <summary>Any one child that meets the query; null if there is none. Two nodes may have made two.</summary>
    Task<TokenKey?> FindChildAsync(ChildQuery query, CancellationToken cancellationToken);

    /// <summary>What the state metrics count (contract/tokens.md 7.12).</summary>
    Task<TokenCounts> CountAsync(DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>The next tokens after a key in key order, for walking through all of them with bounded memory.</summary>
    Task<IReadOnlyList<TokenIndexEntry>> ReadAsync(TokenKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Walks on from a key in key order by a number of tokens, and says which of these have expired. So no step takes longer where there
    /// are more tokens, or fewer that have expired.
    /// </summary>
    Task<ExpiredKeys> WalkExpiredAsync(DateTimeOffset now, TokenKey? after, int steps, CancellationToken cancellationToken);

    /// <summary>
    /// Reads all descendants of tokens, in no order and without locks: descendants may be added and removed at any time.
    /// </summary>
    /// <param name="expiredAt">
    /// Reads only descendants that have expired at this time, and whose ancestors in the tree have too; null for all.
    /// </param>
    Task<IReadOnlyList<Descendant>> ReadDescendantsAsync(
        IReadOnlyCollection<TokenKey> roots, DateTimeOffset? expiredAt, CancellationToken cancellationToken);

    /// <summary>
    /// Reads tokens whose revocation was interrupted: access with them has ended (<see cref="ITokenIndexTransaction.RememberRevoked"/>), and
    /// they are still listed.
    /// </summary>
    Task<IReadOnlyList<TokenInfo>> ReadInterruptedRevocationsAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Which of the keys are listed.</summary>
    Task<IReadOnlySet<TokenKey>> ListedAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>Begins a transaction, READ COMMITTED.</summary>
    /// <param name="timeLimit">How long each statement, and each wait for a lock, may take in the database.</param>
    Task<ITokenIndexTransaction> BeginAsync(TimeSpan timeLimit, CancellationToken cancellationToken);

    /// <summary>Asks the database whether it answers and holds our tables.</summary>
    Task CheckAsync(CancellationToken cancellationToken);
}

/// <summary>A child that may be used again (contract/tokens.md 8.4, deviations 29).</summary>
/// <param name="Service">Null for notebook tokens.</param>
/// <param name="ExpiresFrom">It must expire at this time or later; one that never expires does not count.</param>
public sealed record ChildQuery(TokenKey Parent, TokenType TokenType, string? Service, ScopeSet Scopes, DateTimeOffset ExpiresFrom);

/// <param name="SessionUsers">Users with any token that expires and has not yet.</param>
/// <param name="UserTokens">User tokens that have not expired.</param>
public sealed record TokenCounts(long SessionUsers, long UserTokens);

/// <summary>A token as the audit reads it.</summary>
/// <param name="ParentExpires">When the parent expires; null if it never does or there is none.</param>
/// <param name="IsOrphan">It was a child once, and its parent is no longer listed.</param>
public sealed record TokenIndexEntry(TokenInfo Token, DateTimeOffset? ParentExpires, bool IsOrphan);

/// <param name="Last">How far it is walked; null at the end.</param>
public sealed record ExpiredKeys(IReadOnlyList<TokenKey> Keys, TokenKey? Last);

/// <summary>Represents a descendant of a token.</summary>
/// <param name="Parent">Null for a root of the requested tree.</param>
public sealed record Descendant(TokenKey Token, TokenKey? Parent, DateTimeOffset Created);

/// <summary>What a parent allows its children, read under a lock that keeps the parent from being changed or revoked.</summary>
public sealed record ParentLimits(ScopeSet Scopes, DateTimeOffset? Expires)
{
    /// <summary>The deepest level that a token may have. A token without a parent is on level 0.</summary>
    public const int MaxLevel = 16;

    /// <summary>The number of the parent's ancestors, at most <see cref="MaxLevel"/>.</summary>
    public int Level { get; init; }

    /// <summary>True if the parent or one of its ancestors is being revoked.</summary>
    public bool IsBeingRevoked { get; init; }
}

/// <summary>
/// A transaction of the token index. The writes are collected and sent together, at <see cref="FlushAsync"/> or with the
/// commit, so that a change costs few round trips. Disposing without a commit rolls back. Every call may throw
/// <see cref="TokenIndexConflictException"/>: the database chose this transaction to give way, and it may be tried again.
/// </summary>
public interface ITokenIndexTransaction : IAsyncDisposable
{
    /// <summary>Reads a token and locks its row against every other change, and against new children.</summary>
    Task<TokenInfo?> LockAsync(TokenKey key, CancellationToken cancellationToken);

    /// <summary>
    /// As <see cref="LockAsync"/> for many at once, passing over those that others have locked: whoever holds many locks and waits for
    /// more may be waited for by those it waits for.
    /// </summary>
    Task<IReadOnlyList<TokenInfo>> LockAvailableAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Reads and locks tokens one after the other in the order given, and returns them in this order. Tokens that are not listed are
    /// left out. Every transaction locks parents before their children, so that two transactions do not wait for each other.
    /// </summary>
    Task<IReadOnlyList<TokenInfo>> LockInOrderAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Reads the keys of the direct children of tokens. If the parents were locked by an earlier statement of this transaction, these are
    /// all children that the parents have until the transaction ends.
    /// </summary>
    Task<IReadOnlyList<TokenKey>> ReadChildKeysAsync(IReadOnlyCollection<TokenKey> parents, CancellationToken cancellationToken);

    /// <summary>Reads what a parent allows and keeps it so until the end of this transaction; null if it is not listed.</summary>
    Task<ParentLimits?> LockParentAsync(TokenKey parent, CancellationToken cancellationToken);

    /// <summary>
    /// Counts the user tokens of a user. Other transactions that count them wait until this one ends, so that a limit applies to any number
    /// of concurrent creations.
    /// </summary>
    Task<UserTokenUsage> CountUserTokensAsync(string username, TokenLimits limits, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>
    /// Reads which of the tokens are recorded as revoked until after a time (<see cref="RememberRevoked"/>), or have such an ancestor among
    /// the nearest <see cref="ParentLimits.MaxLevel"/>.
    /// </summary>
    Task<IReadOnlyList<TokenKey>> ReadBeingRevokedAsync(IReadOnlyCollection<TokenKey> keys, DateTimeOffset until, CancellationToken cancellationToken);

    /// <summary>
    /// Reads and locks those of some tokens that have expired, and have no expired children other than these tokens: children are removed
    /// first, so that their history can still name the parent. Tokens that other transactions have locked are left out.
    /// </summary>
    Task<IReadOnlyList<TokenInfo>> LockExpiredAsync(DateTimeOffset now, IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Those of the keys that are not listed and nobody is about to list; waits for whoever is. They then belong to this
    /// transaction until it ends.
    /// </summary>
    Task<IReadOnlyList<TokenKey>> ClaimAbsentAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    void Insert(TokenInfo token);

    /// <summary>Replaces name, scopes and expiration of a token.</summary>
    void Update(TokenInfo token);

    /// <summary>Removes tokens. Children that remain lose their parent.</summary>
    void Delete(IReadOnlyList<TokenKey> keys);

    void Add(IReadOnlyList<TokenChange> changes);

    /// <summary>Remembers revoked keys for a record store that could forget their deletion (design.md 2).</summary>
    void RememberRevoked(IReadOnlyList<TokenKey> keys, DateTimeOffset until);

    /// <summary>Sends the collected writes.</summary>
    /// <exception cref="PorthorException"><c>duplicate_token_name</c>.</exception>
    Task FlushAsync(CancellationToken cancellationToken);

    /// <summary>Sends the collected writes and commits.</summary>
    /// <exception cref="StoreUnavailableException">It failed, or its outcome is unknown.</exception>
    Task CommitAsync(CancellationToken cancellationToken);
}

/// <summary>The database chose this transaction to give way to another (deadlock, serialization). Nothing of it remains.</summary>
public sealed class TokenIndexConflictException(string what, Exception? cause = null) : Exception(what, cause);
