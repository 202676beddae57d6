using System.Numerics;

namespace Porthor.Crash.Tests.Linearity;

/// <summary>
/// Could a history have come from one token that does one thing at a time? Then there is an order of the operations that gives
/// every answer that was given, and in which none comes before one that had ended when it began (Wing and Gong's search,
/// which remembers where it has been).
/// </summary>
internal static class Linearizability
{
    public static bool Holds(IReadOnlyList<Operation> history, TokenState beginning) =>
        new Search([.. history.OrderBy(operation => operation.Begin)]).From(first: 0, done: 0, beginning);

    private sealed class Search(Operation[] operations)
    {
        private readonly HashSet<(int, BigInteger, TokenState)> seen = [];

        /// <param name="first">All operations before this one are done.</param>
        /// <param name="done">Which of those from there on are, a bit for each.</param>
        public bool From(int first, BigInteger done, TokenState state)
        {
            while (first < operations.Length && !done.IsEven)
                (first, done) = (first + 1, done >> 1);
            if (!seen.Add((first, done, state)))
                return false;
            var left = Enumerable.Range(first, operations.Length - first).Where(i => ((done >> (i - first)) & 1).IsZero).ToList();
            if (left.TrueForAll(i => operations[i].IsUncertain))
                return true;
            // What has ended happened before anything that began later.
            var earliestEnd = left.Min(i => operations[i].End);
            return left.TakeWhile(i => operations[i].Begin < earliestEnd)
                .Any(i => operations[i].Apply(state) is { } next && From(first, done | (BigInteger.One << (i - first)), next));
        }
    }
}
