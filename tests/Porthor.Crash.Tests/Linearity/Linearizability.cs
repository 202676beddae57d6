using System.Numerics;

namespace Porthor.Crash.Tests.Linearity;

/// <summary>
/// Checks whether a history is linearizable: whether there is an order of its operations that gives all observed answers and in which no
/// operation comes before one that ended before it began (the search of Wing and Gong with memoization).
/// </summary>
internal static class Linearizability
{
    public static bool Holds(IReadOnlyList<Operation> history, TokenState initial) =>
        new Search([.. history.OrderBy(operation => operation.Begin)]).From(first: 0, done: 0, initial);

    private sealed class Search(Operation[] operations)
    {
        private readonly HashSet<(int, BigInteger, TokenState)> visited = [];

        /// <param name="first">All operations before this index are done.</param>
        /// <param name="done">A bit mask of the done operations from <paramref name="first"/> on.</param>
        public bool From(int first, BigInteger done, TokenState state)
        {
            while (first < operations.Length && !done.IsEven)
                (first, done) = (first + 1, done >> 1);
            if (!visited.Add((first, done, state)))
                return false;
            var remaining = Enumerable.Range(first, operations.Length - first).Where(i => ((done >> (i - first)) & 1).IsZero).ToList();
            if (remaining.TrueForAll(i => operations[i].IsUncertain))
                return true;
            // An operation that has ended comes before every operation that began later.
            var earliestEnd = remaining.Min(i => operations[i].End);
            return remaining.TakeWhile(i => operations[i].Begin < earliestEnd)
                .Any(i => operations[i].Apply(state) is { } next && From(first, done | (BigInteger.One << (i - first)), next));
        }
    }
}
