using Porthor.History;
using Porthor.Tokens;

namespace Porthor.Storage;

// Changes of a token with all its descendants. Each consists of transactions of bounded size (docs/decisions/0020-trees-in-batches.md).
public sealed partial class TokenStore
{
    /// <summary>The number of attempts to edit a token while other clients change it.</summary>
    private const int MaxEditAttempts = 5;

    private const int InterruptedBatchSize = 100;

    private static readonly HashSet<TokenKey> NoKeys = [];

    /// <summary>
    /// Revokes a token and all its descendants, in one transaction if there are few. If there are many, or if that transaction fails, the
    /// record of the token is deleted first, in a separate transaction; then its descendants are removed in batches, the deepest
    /// generation first, and finally the token. If the method fails, calling it again continues the revocation.
    /// </summary>
    /// <param name="root">The token.</param>
    /// <param name="change">Creates the history entry of a token.</param>
    /// <param name="cancellationToken">Prevents the revocation if it is cancelled before the revocation begins.</param>
    /// <returns>
    /// The tokens that this call removed. The root is not included if it is not listed or if another client removed it.
    /// </returns>
    /// <exception cref="StoreUnavailableException">A store did not respond. Some tokens of the tree may have been revoked.</exception>
    public async Task<IReadOnlyList<TokenInfo>> RevokeTreeAsync(
        TokenKey root, Func<TokenInfo, TokenChange> change, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var time = new TimeBudget(options.ChangeTimeout, clock);
        var (leaf, hasChildren) = await ChangeAsync(
            async Task<(TokenInfo? Leaf, bool HasChildren)> (transaction) =>
            {
                if (await transaction.LockAsync(root) is not { } found)
                    return (null, false);
                var isParent = await transaction.HaveChildrenAsync([root]);
                if (isParent)
                    transaction.Abandon();
                else
                    transaction.Revoke([found], change);
                return (found, isParent);
            },
            time.Remaining,
            CancellationToken.None);
        if (!hasChildren)
            return leaf is null ? [] : [leaf];

        var order = TokenTree.DeepestFirst([root], await tokenIndex.ReadDescendantsAsync([root], expiredAt: null, CancellationToken.None));
        if (order.Count <= tokenIndex.BatchSize)
        {
            try
            {
                return await RevokeAtOnceAsync(root, order, change, time.Remaining / 2);
            }
            catch (StoreUnavailableException e)
            {
                // Possibly another client holds the lock of a descendant. If the token no longer exists, the result of the transaction
                // stays unknown.
                Log.RevokingInSteps(logger, root, e.Message, e);
                if (!await BeginRevocationAsync(root, time.Remaining))
                    throw;
            }
        }
        else if (!await BeginRevocationAsync(root, time.Remaining))
        {
            return [];
        }
        return await RevokeInBatchesAsync(order, change, time);
    }

    /// <summary>
    /// Completes revocations that were interrupted, by a crash or a failure, after the record of the token was deleted. Returns their
    /// number.
    /// </summary>
    public async Task<int> CompleteRevocationsAsync(Func<TokenInfo, TokenChange> change, CancellationToken cancellationToken)
    {
        var completed = 0;
        IReadOnlyList<TokenInfo> interrupted;
        do
        {
            interrupted = await tokenIndex.ReadInterruptedRevocationsAsync(InterruptedBatchSize, cancellationToken);
            foreach (var token in interrupted)
            {
                await RevokeTreeAsync(token.Token, change, cancellationToken);
                Log.RevocationCompleted(logger, token.Token, token.Username);
            }
            completed += interrupted.Count;
        }
        while (interrupted.Count == InterruptedBatchSize);
        return completed;
    }

    /// <summary>
    /// Edits a token and reduces all its descendants. A large tree is reduced in several transactions, the deepest generation first, and
    /// the token is edited in the last one. A child never has more scopes or a later expiration than its parent, and repeating a failed
    /// edit completes it.
    /// </summary>
    /// <param name="root">The token.</param>
    /// <param name="edit">
    /// Locks and edits the token, and returns the reduction of its descendants. It is called for each attempt, and may be rolled back.
    /// </param>
    /// <param name="reduce">Reduces a locked descendant. The record is null if the descendant has none.</param>
    /// <param name="cancellationToken">Prevents the edit if it is cancelled before the edit begins.</param>
    /// <returns>The result of <paramref name="edit"/>.</returns>
    /// <exception cref="StoreUnavailableException">A store did not respond, or other clients kept changing the token.</exception>
    public async Task<T> EditTreeAsync<T>(
        TokenKey root,
        Func<TokenTransaction, Task<(T Result, Reduction Reduction)>> edit,
        Action<TokenTransaction, TokenInfo, DecryptedRecord?, Reduction> reduce,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var time = new TimeBudget(options.ChangeTimeout, clock);
        var pending = await DescendantsAsync(root);
        HashSet<TokenKey> reduced = [];
        var reached = Reduction.None;
        for (var attempt = 1; ; attempt++)
        {
            var (result, reduction, isComplete) = await ChangeAsync(
                async transaction =>
                {
                    var (edited, lost) = await edit(transaction);
                    if (lost.IsEmpty)
                        return (edited, lost, true);
                    if (!reached.Covers(lost) && (reduced.Count > 0 || pending.Count > tokenIndex.BatchSize))
                    {
                        transaction.Abandon();
                        return (edited, lost, false);
                    }
                    var rows = await transaction.LockTreeAsync(pending, lockedParents: [root], except: reduced);
                    await ReduceAsync(transaction, rows, _ => lost, Reduce);
                    return (edited, lost, true);
                },
                time.Remaining,
                CancellationToken.None);
            if (isComplete)
                return result;
            if (attempt == MaxEditAttempts)
                throw new StoreUnavailableException("token list", $"editing {root}: other clients edit it at the same time");
            reached = reduction;
            var order = await DescendantsAsync(root);
            await ReduceInBatchesAsync(order, _ => reduction, Reduce, time);
            (reduced, pending) = ([.. order], []);
        }

        bool Reduce(TokenTransaction transaction, TokenInfo token, DecryptedRecord? record, Reduction lost)
        {
            reduce(transaction, token, record, lost);
            return true;
        }
    }

    /// <summary>
    /// Reduces tokens and their descendants, the deepest generation first, in transactions of limited size. A descendant of several of
    /// the tokens is reduced by all their reductions. Returns the results of <paramref name="reduce"/> for the reduced tokens.
    /// </summary>
    public async Task<IReadOnlyList<TItem>> ReduceTreesAsync<TItem>(
        IReadOnlyDictionary<TokenKey, TreeReduction> roots, Func<TokenTransaction, TokenInfo, DecryptedRecord?, Reduction, TItem> reduce)
    {
        var descendants = await tokenIndex.ReadDescendantsAsync([.. roots.Keys], expiredAt: null, CancellationToken.None);
        var order = TokenTree.DeepestFirst(roots.Keys, descendants);
        var parents = descendants.ToDictionary(token => token.Token, token => token.Parent);
        Dictionary<TokenKey, Reduction> own = [], below = [];
        foreach (var key in order.Reverse())
        {
            var inherited = parents.GetValueOrDefault(key) is { } parent ? below.GetValueOrDefault(parent, Reduction.None) : Reduction.None;
            var root = roots.GetValueOrDefault(key);
            below[key] = root is null ? inherited : inherited.And(root.Below);
            own[key] = root is null ? inherited : inherited.And(root.Self);
        }
        // A token that is not in this result was created later, as a descendant of a token that is.
        return await ReduceInBatchesAsync(
            order,
            token => own.TryGetValue(token.Token, out var known) ? known
                : token.Parent is { } parent ? below.GetValueOrDefault(parent, Reduction.None)
                : Reduction.None,
            reduce,
            time: null);
    }

    /// <summary>
    /// Removes tokens that have expired, and their descendants that have expired as well: children before their parents, so that each
    /// history entry names the parent. Returns the removed tokens, one list for each transaction.
    /// </summary>
    public async IAsyncEnumerable<IReadOnlyList<TokenInfo>> ExpireTreesAsync(
        IReadOnlyCollection<TokenKey> roots, DateTimeOffset now, Func<TokenInfo, TokenChange> change)
    {
        var descendants = await tokenIndex.ReadDescendantsAsync(roots, now, CancellationToken.None);
        var children = descendants.ToLookup(token => token.Parent);
        foreach (var batch in TokenTree.DeepestFirst(roots, descendants).Chunk(tokenIndex.BatchSize))
        {
            yield return await ChangeAsync(async transaction =>
            {
                var locked = (await transaction.LockExpiredAsync(now, batch)).ToDictionary(row => row.Token);
                List<TokenInfo> removed = [];
                var kept = batch.Where(key => !locked.ContainsKey(key)).ToHashSet();
                foreach (var key in batch.Where(locked.ContainsKey))
                {
                    // If another transaction has locked a token, its parent must be removed later.
                    if (children[key].Any(child => kept.Contains(child.Token)))
                        kept.Add(key);
                    else
                        removed.Add(locked[key]);
                }
                transaction.Expire(removed, [.. removed.Select(change)]);
                return removed;
            });
        }
    }

    private Task<IReadOnlyList<TokenInfo>> RevokeAtOnceAsync(
        TokenKey root, IReadOnlyList<TokenKey> order, Func<TokenInfo, TokenChange> change, TimeSpan limit) => ChangeAsync(
        async transaction =>
        {
            // The transaction that holds this lock deletes the records. Other revocations of the token wait, and then have nothing to do.
            if (await transaction.LockAsync(root) is null)
                return [];
            await transaction.DeleteRecordsEarlyAsync(order);
            var rows = await transaction.LockTreeAsync(order, lockedParents: [], except: NoKeys);
            transaction.Revoke(rows, change);
            return rows;
        },
        limit,
        CancellationToken.None);

    /// <summary>Deletes the record of a single token, and commits. Returns false if the token is not listed.</summary>
    private Task<bool> BeginRevocationAsync(TokenKey root, TimeSpan limit) => ChangeAsync(
        async transaction =>
        {
            if (await transaction.LockAsync(root) is null)
                return false;
            transaction.BeginRevocation(root);
            return true;
        },
        limit,
        CancellationToken.None);

    private async Task<List<TokenInfo>> RevokeInBatchesAsync(
        IReadOnlyList<TokenKey> order, Func<TokenInfo, TokenChange> change, TimeBudget time)
    {
        List<TokenInfo> revoked = [];
        foreach (var (number, batch) in order.Chunk(tokenIndex.BatchSize).Index())
        {
            revoked.AddRange(await ChangeAsync(
                async transaction =>
                {
                    // Locking may wait. If the records can be deleted before, the tokens become invalid without this wait.
                    if (number == 0)
                        await transaction.DeleteRecordsEarlyAsync(order);
                    var rows = await transaction.LockTreeAsync(batch, lockedParents: [], except: NoKeys);
                    transaction.Revoke(rows, change);
                    return rows;
                },
                time.Remaining,
                CancellationToken.None));
        }
        return revoked;
    }

    /// <summary>Returns the descendants, the deepest generation first.</summary>
    private async Task<IReadOnlyList<TokenKey>> DescendantsAsync(TokenKey root)
    {
        var descendants = await tokenIndex.ReadDescendantsAsync([root], expiredAt: null, CancellationToken.None);
        return [.. TokenTree.DeepestFirst([root], descendants).Where(key => key != root)];
    }

    private async Task<List<TItem>> ReduceInBatchesAsync<TItem>(
        IReadOnlyList<TokenKey> order,
        Func<TokenInfo, Reduction> reductionOf,
        Func<TokenTransaction, TokenInfo, DecryptedRecord?, Reduction, TItem> reduce,
        TimeBudget? time)
    {
        List<TItem> items = [];
        HashSet<TokenKey> reduced = [];
        foreach (var batch in order.Chunk(tokenIndex.BatchSize))
        {
            items.AddRange(await ChangeAsync(
                async transaction =>
                {
                    var rows = await transaction.LockTreeAsync(batch, lockedParents: [], except: reduced);
                    return await ReduceAsync(transaction, rows, reductionOf, reduce);
                },
                time?.Remaining));
            reduced.UnionWith(batch);
        }
        return items;
    }

    private static async Task<List<TItem>> ReduceAsync<TItem>(
        TokenTransaction transaction,
        IReadOnlyList<TokenInfo> rows,
        Func<TokenInfo, Reduction> reductionOf,
        Func<TokenTransaction, TokenInfo, DecryptedRecord?, Reduction, TItem> reduce)
    {
        var records = await transaction.ReadRecordsAsync([.. rows.Select(row => row.Token)]);
        List<TItem> items = [];
        // In the history, the nearest descendants follow the edited token.
        foreach (var row in rows.Reverse())
        {
            if (reductionOf(row) is { IsEmpty: false } reduction)
                items.Add(reduce(transaction, row, records.GetValueOrDefault(row.Token), reduction));
        }
        return items;
    }

    /// <summary>Represents the time limit that several transactions share.</summary>
    private sealed class TimeBudget(TimeSpan limit, TimeProvider clock)
    {
        private readonly long begun = clock.GetTimestamp();

        /// <exception cref="StoreUnavailableException">No time is left.</exception>
        public TimeSpan Remaining => limit - clock.GetElapsedTime(begun) is var left && left > TimeSpan.Zero
            ? left
            : throw new StoreUnavailableException(
                "token list", "change", new TimeoutException($"The change took longer than {limit}. Repeat it to continue it."));
    }
}
