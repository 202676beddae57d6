using Porthor.History;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage;

/// <summary>
/// Represents the token index, which contains the searchable data of all tokens. Only the token index contains parents and names. Its row
/// locks determine the order of the changes of a token and its children (README.md in this folder).
/// </summary>
public interface ITokenIndex
{
    /// <summary>Returns the number of tokens that one transaction may change without a noticeable delay for other writers.</summary>
    int BatchSize { get; }

    /// <summary>Returns a token with its parent; null if it is not listed.</summary>
    Task<TokenInfo?> GetAsync(TokenKey key, CancellationToken cancellationToken);

    /// <summary>
    /// Returns all tokens, or those of one user, newest first and then by key. <see cref="TokenInfo.Parent"/> is not set.
    /// </summary>
    /// <param name="username">The user; null for all users.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<IReadOnlyList<TokenInfo>> ListAsync(string? username, CancellationToken cancellationToken);

    /// <summary>
    /// Returns the next tokens of a user after a position, in the order of <see cref="ListAsync(string?, CancellationToken)"/>.
    /// <see cref="TokenInfo.Parent"/> is not set.
    /// </summary>
    /// <param name="username">The user.</param>
    /// <param name="types">The types of the tokens; empty for all types.</param>
    /// <param name="after">The position of the last token that the caller has read; null for the beginning.</param>
    /// <param name="limit">The maximum number of tokens.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<IReadOnlyList<TokenInfo>> ListAsync(
        string username, IReadOnlyList<TokenType> types, TokenCursor? after, int limit, CancellationToken cancellationToken);

    /// <summary>Returns the number of tokens of each type that a user has, including expired ones.</summary>
    Task<IReadOnlyDictionary<TokenType, long>> CountByTypeAsync(string username, CancellationToken cancellationToken);

    /// <summary>
    /// Returns a child token that matches the query; null if there is none. If several match, because two nodes created a child token at
    /// the same time, any of them is returned.
    /// </summary>
    Task<TokenKey?> FindChildAsync(ChildQuery query, CancellationToken cancellationToken);

    /// <summary>Returns the numbers that the state metrics report (contract/tokens.md 7.12).</summary>
    Task<TokenCounts> CountAsync(DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Returns the next tokens after a key, in key order, so that the caller can read all tokens with limited memory.</summary>
    /// <param name="after">The last key that the caller has read; null for the beginning.</param>
    /// <param name="limit">The maximum number of tokens.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<IReadOnlyList<TokenIndexEntry>> ReadAsync(TokenKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Reads the next <paramref name="steps"/> tokens after a key, in key order, and returns those that have expired. The duration of a
    /// call depends neither on the number of all tokens nor on the number of expired tokens.
    /// </summary>
    /// <param name="now">The current time. Tokens that have expired at this time are returned.</param>
    /// <param name="after">The last key that was read; null for the beginning.</param>
    /// <param name="steps">The maximum number of tokens to read.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<ExpiredKeys> WalkExpiredAsync(DateTimeOffset now, TokenKey? after, int steps, CancellationToken cancellationToken);

    /// <summary>
    /// Returns all descendants of tokens, unordered. No locks are acquired, so other transactions may add and remove descendants at any
    /// time.
    /// </summary>
    /// <param name="roots">The tokens whose descendants are read.</param>
    /// <param name="expiredAt">
    /// Limits the result to descendants that have expired at this time and whose ancestors in the tree have expired as well; null to return
    /// all descendants.
    /// </param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<IReadOnlyList<Descendant>> ReadDescendantsAsync(
        IReadOnlyCollection<TokenKey> roots, DateTimeOffset? expiredAt, CancellationToken cancellationToken);

    /// <summary>
    /// Returns tokens whose revocation was interrupted: they are recorded as revoked (<see cref="ITokenIndexTransaction.RecordRevoked"/>),
    /// but still listed.
    /// </summary>
    Task<IReadOnlyList<TokenInfo>> ReadInterruptedRevocationsAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Returns those of the keys that are listed.</summary>
    Task<IReadOnlySet<TokenKey>> ListedAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>Begins a transaction with the isolation level READ COMMITTED.</summary>
    /// <param name="timeLimit">The time limit of each statement, and of each wait for a lock, in the database.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<ITokenIndexTransaction> BeginAsync(TimeSpan timeLimit, CancellationToken cancellationToken);

    /// <summary>Checks that the database responds and contains the tables of Porthor.</summary>
    /// <exception cref="StoreUnavailableException">The check failed.</exception>
    Task CheckAsync(CancellationToken cancellationToken);
}

/// <summary>Represents the conditions for a child token that can be used again (contract/tokens.md 8.4, deviations 29).</summary>
/// <param name="Parent">The parent of the child token.</param>
/// <param name="TokenType">The type of the child token.</param>
/// <param name="Service">The service of the child token; null for notebook tokens.</param>
/// <param name="Scopes">The scopes of the child token.</param>
/// <param name="ExpiresFrom">The earliest allowed expiration. A child token without an expiration does not match.</param>
public sealed record ChildQuery(TokenKey Parent, TokenType TokenType, string? Service, ScopeSet Scopes, DateTimeOffset ExpiresFrom);

/// <summary>Represents the numbers that the state metrics report.</summary>
/// <param name="SessionUsers">The number of users with at least one token that has an expiration and has not expired.</param>
/// <param name="UserTokens">The number of user tokens that have not expired.</param>
public sealed record TokenCounts(long SessionUsers, long UserTokens);

/// <summary>Represents a token with the data that the audit needs.</summary>
/// <param name="Token">The token.</param>
/// <param name="ParentExpires">The expiration of the parent; null if it never expires, or if the token has no parent.</param>
/// <param name="IsOrphan">True if the token was created as a child and its parent is no longer listed.</param>
public sealed record TokenIndexEntry(TokenInfo Token, DateTimeOffset? ParentExpires, bool IsOrphan);

/// <summary>Represents a part of the search for expired tokens.</summary>
/// <param name="Keys">The tokens that have expired.</param>
/// <param name="Last">The last key that was read; null if the end was reached.</param>
public sealed record ExpiredKeys(IReadOnlyList<TokenKey> Keys, TokenKey? Last);

/// <summary>Represents a descendant of a token.</summary>
/// <param name="Token">The descendant.</param>
/// <param name="Parent">Its parent; null for a root of the requested tree.</param>
/// <param name="Created">The time of its creation.</param>
public sealed record Descendant(TokenKey Token, TokenKey? Parent, DateTimeOffset Created);

/// <summary>
/// Represents the limits of a parent for its children. They are read under a lock, which prevents that the parent is changed or revoked.
/// </summary>
/// <param name="Scopes">The scopes that a child may have.</param>
/// <param name="Expires">The latest expiration of a child; null for no limit.</param>
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
/// Represents a transaction of the token index. To reduce the number of round trips, the writes are collected, and <see cref="FlushAsync"/>
/// or the commit sends them together. If the transaction is disposed of without a commit, it is rolled back. Every method may throw <see
/// cref="TokenIndexConflictException"/> if the database rolled the transaction back because of a conflict; the caller may then retry it.
/// </summary>
public interface ITokenIndexTransaction : IAsyncDisposable
{
    /// <summary>
    /// Reads a token, and locks its row, so that no other transaction can change it or create a child of it. Returns null if it is not
    /// listed.
    /// </summary>
    Task<TokenInfo?> LockAsync(TokenKey key, CancellationToken cancellationToken);

    /// <summary>
    /// Reads and locks several tokens, except those that other transactions have locked. The method does not wait for locks, because a
    /// transaction that holds many locks and waits for others can cause a deadlock.
    /// </summary>
    Task<IReadOnlyList<TokenInfo>> LockAvailableAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Reads and locks tokens one after the other in the given order, and returns them in this order. Tokens that are not listed are not
    /// included. Every transaction locks parents before their children, so that two transactions do not deadlock.
    /// </summary>
    Task<IReadOnlyList<TokenInfo>> LockInOrderAsync(IReadOnlyList<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Reads the keys of the direct children of tokens. If the parents were locked by an earlier statement of this transaction, these are
    /// all children that the parents have until the transaction ends.
    /// </summary>
    Task<IReadOnlyList<TokenKey>> ReadChildKeysAsync(IReadOnlyCollection<TokenKey> parents, CancellationToken cancellationToken);

    /// <summary>
    /// Reads the limits of a parent, and locks its row, so that the limits do not change until this transaction ends. Returns null if the
    /// parent is not listed.
    /// </summary>
    Task<ParentLimits?> LockParentAsync(TokenKey parent, CancellationToken cancellationToken);

    /// <summary>
    /// Counts the user tokens of a user. Other transactions that count the tokens of this user wait until this transaction ends, so that
    /// concurrent creations cannot exceed a limit.
    /// </summary>
    Task<UserTokenUsage> CountUserTokensAsync(string username, TokenLimits limits, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>
    /// Returns those of the tokens that are recorded as revoked with a retention time that ends after a given time (<see
    /// cref="RecordRevoked"/>), and those that have such a token among their nearest <see cref="ParentLimits.MaxLevel"/> ancestors.
    /// </summary>
    Task<IReadOnlyList<TokenKey>> ReadBeingRevokedAsync(
        IReadOnlyCollection<TokenKey> keys, DateTimeOffset until, CancellationToken cancellationToken);

    /// <summary>
    /// Reads and locks those of the given tokens that have expired. A token that has an expired child that is not one of the given tokens
    /// is not included: children must be removed before their parents, so that their history entries contain the parent. Tokens that other
    /// transactions have locked are not included either.
    /// </summary>
    Task<IReadOnlyList<TokenInfo>> LockExpiredAsync(
        DateTimeOffset now, IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Claims those of the keys that are not listed, and returns them. Waits for other transactions that are inserting one of the keys. No
    /// other transaction can insert a claimed key until this transaction ends.
    /// </summary>
    Task<IReadOnlyList<TokenKey>> ClaimAbsentAsync(IReadOnlyCollection<TokenKey> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Adds a name that can be used once, in this transaction. Waits for other transactions that add the same name. Returns false if the
    /// name was used before.
    /// </summary>
    /// <param name="name">The name, in the form of <see cref="IOneTimeStore"/>.</param>
    /// <param name="until">The time from which the name may be used again.</param>
    /// <param name="now">The current time.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<bool> TryUseOnceAsync(string name, DateTimeOffset until, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Inserts a token.</summary>
    void Insert(TokenInfo token);

    /// <summary>Replaces the name, the scopes and the expiration of a token.</summary>
    void Update(TokenInfo token);

    /// <summary>Removes tokens. A child that is not removed has no parent afterwards.</summary>
    void Delete(IReadOnlyList<TokenKey> keys);

    /// <summary>Adds entries to the history of changes.</summary>
    void Add(IReadOnlyList<TokenChange> changes);

    /// <summary>
    /// Records keys as revoked, for a record store that may lose the deletion of their records (docs/decisions/0005-lost-deletions.md).
    /// </summary>
    /// <param name="keys">The revoked keys.</param>
    /// <param name="until">The end of their retention time.</param>
    void RecordRevoked(IReadOnlyList<TokenKey> keys, DateTimeOffset until);

    /// <summary>Sends the collected writes.</summary>
    /// <exception cref="PorthorException">The user already has a token of this name (<c>duplicate_token_name</c>).</exception>
    Task FlushAsync(CancellationToken cancellationToken);

    /// <summary>Sends the collected writes and commits.</summary>
    /// <exception cref="StoreUnavailableException">The commit failed, or its result is unknown.</exception>
    Task CommitAsync(CancellationToken cancellationToken);
}

/// <summary>
/// The exception that is thrown if the database rolled a transaction back because of a conflict with another one (deadlock or serialization
/// failure). The transaction had no effect.
/// </summary>
public sealed class TokenIndexConflictException(string what, Exception? cause = null) : Exception(what, cause);
