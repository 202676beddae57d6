using Porthor.History;
using Porthor.Tokens;

namespace Porthor.Storage;

// Changes a token together with all its descendants, in transactions of limited size (docs/decisions/0020-trees-in-batches.md).
public sealed partial class TokenStore
{
    /// <summary>The number of attempts to edit a token while other clients change it.</summary>
    private const int MaxEditAttempts = 5;

    private const int InterruptedBatchSize = 100;

    private static readonly HashSet<TokenKey> NoKeys = [];

    /// <summary>
    /// Revokes a token and all its descendants. If there are few descendants, it uses one transaction. If there are many, or if this
    /// transaction fails, a first transaction deletes the record of the token; further transactions then remove the descendants in batches,
    /// the deepest generation first, and finally the token. If the method fails, another call continues the revocation.
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
                // Another client may hold the lock of a descendant. If the token is no longer listed, the transaction may have been
                // committed or not, so the exception is thrown.
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
    /// Completes revocations that a crash or a failure interrupted after the record of the token was deleted. Returns the number of
    /// revocations.
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
    /// Edits a token and reduces all its descendants. A large tree is reduced in several transactions, the deepest generation first; the
    /// last transaction edits the token. At no time does a child have more scopes or a later expiration than its parent. If the method
    /// fails, another call with the same edit completes it.
    /// </summary>
    /// <param name="root">The token.</param>
    /// <param name="edit">
    /// Locks and edits the token, and returns the reduction of its descendants. It is called for each attempt, and an attempt may be rolled
    /// back.
    /// </param>
    /// <param name="reduce">Reduces a locked descendant. The record is null if the descendant has none.</param>
    /// <param name="cancellationToken">Prevents the edit if it is cancelled before the edit begins.</param>
    /// <returns>The result of <paramref name="edit"/>.</returns>
    /// <exception cref="StoreUnavailableException">
    /// A store did not respond, or other clients changed the token during each attempt.
    /// </exception>
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
    /// Reduces tokens and their descendants, the deepest generation first, in transactions of limited size. If a token is a descendant of
    /// several of the given tokens, all their reductions are applied to it. Returns the results of <paramref name="reduce"/>.
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
        // A token that is not in this result was created after the query, as a child of a token that is in the result.
        return await ReduceInBatchesAsync(
            order,
            token => own.TryGetValue(token.Token, out var known) ? known
                : token.Parent is { } parent ? below.GetValueOrDefault(parent, Reduction.None)
                : Reduction.None,
            reduce,
            time: null);
    }

    /// <summary>
    /// Removes tokens that have expired, and their descendants that have expired as well. Children are removed before their parents, so
    /// that the history entries of the children contain the parent. Returns the removed tokens, one list for each transaction.
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
                    // If another transaction has locked a child, the child and its parent are kept until the next maintenance.
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
            // Only one revocation of the token gets this lock and deletes the records. Others wait for it, and then find no token.
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
                    // Acquiring the locks may take long. The tokens become invalid immediately if the records can be deleted before.
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

    /// <summary>Returns the descendants of a token, the deepest generation first.</summary>
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
        // The history entries of the nearest descendants must follow that of the edited token.
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
