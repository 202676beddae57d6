using Porthor.Tokens;

namespace Porthor.Crash.Tests.Linearity;

internal sealed partial class TreeWorkload
{
    /// <summary>A token of the tree with the operations on it.</summary>
    private sealed class Member(Token token, Member? parent)
    {
        private readonly Lock sync = new();
        private readonly List<Operation> operations = [];
        private readonly List<Operation> forDescendants = [];

        public Token Token => token;

        public Member? Parent => parent;

        public void Add(Operation operation)
        {
            lock (sync)
                operations.Add(operation);
        }

        /// <summary>
        /// Adds an operation that also applies to all descendants. The answer does not show whether there were descendants.
        /// </summary>
        public void AddForTree(long begin, long end, int? status, int notFound, Func<long, long, int?, Operation> describe)
        {
            lock (sync)
            {
                operations.Add(describe(begin, end, status));
                if (status != notFound)
                    forDescendants.Add(describe(begin, end, null) with { End = status is null ? long.MaxValue : end });
            }
        }

        public void AddForDescendants(Operation operation)
        {
            lock (sync)
                forDescendants.Add(operation);
        }

        public List<Operation> History()
        {
            lock (sync)
                return [.. operations, .. parent?.Inherited() ?? []];
        }

        private List<Operation> Inherited()
        {
            lock (sync)
                return [.. forDescendants, .. parent?.Inherited() ?? []];
        }
    }
}
