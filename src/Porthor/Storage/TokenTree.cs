using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage;

/// <summary>Sorts the tokens of a tree in the order in which they are removed or reduced.</summary>
internal static class TokenTree
{
    /// <summary>
    /// Returns roots and their descendants, the deepest generation first. Each generation is ordered by creation time and then by key.
    /// Trees may have any depth, and may contain cycles, in which a token is its own ancestor.
    /// </summary>
    public static IReadOnlyList<TokenKey> DeepestFirst(IEnumerable<TokenKey> roots, IReadOnlyList<Descendant> descendants)
    {
        var children = descendants.ToLookup(token => token.Parent);
        var below = descendants.Select(token => token.Token).ToHashSet();
        var allRoots = roots.ToHashSet();
        List<List<TokenKey>> generations = [];
        HashSet<TokenKey> seen = [];
        // A root that is a descendant of another root is processed as part of that tree. In a cycle, one of the tokens is used as the root.
        AddTrees(allRoots.Where(root => !below.Contains(root)));
        foreach (var root in allRoots.Where(root => !seen.Contains(root)).ToList())
            AddTrees(seen.Contains(root) ? [] : [root]);
        return [.. Enumerable.Reverse(generations).SelectMany(generation => generation)];

        void AddTrees(IEnumerable<TokenKey> tops)
        {
            var current = tops.Order().Where(seen.Add).ToList();
            for (var level = 0; current.Count > 0; level++)
            {
                if (level == generations.Count)
                    generations.Add([]);
                generations[level].AddRange(current);
                current =
                [
                    .. current.SelectMany(parent => children[parent]).Where(child => seen.Add(child.Token))
                        .OrderBy(child => child.Created).ThenBy(child => child.Token).Select(child => child.Token),
                ];
            }
        }
    }
}

/// <summary>Represents the reduction of the descendants of a token that is changed.</summary>
/// <param name="Lost">The scopes that are removed.</param>
/// <param name="End">The latest allowed expiration of a descendant; null for no limit.</param>
public sealed record Reduction(ScopeSet Lost, DateTimeOffset? End)
{
    /// <summary>The reduction that changes nothing.</summary>
    public static readonly Reduction None = new(ScopeSet.Empty, End: null);

    /// <summary>Returns true if the reduction changes nothing.</summary>
    public bool IsEmpty => Lost.IsEmpty && End is null;

    /// <summary>Returns the combination of two reductions: the lost scopes of both, and the earlier end.</summary>
    public Reduction And(Reduction other) => new(Lost.Union(other.Lost), End is { } end && !(other.End < end) ? end : other.End);

    /// <summary>Returns true if this reduction includes the other one.</summary>
    public bool Covers(Reduction other) => other.Lost.IsSubsetOf(Lost) && (other.End is null || End <= other.End);
}

/// <summary>Represents the reductions of a token and of its descendants.</summary>
/// <param name="Self">The reduction of the token.</param>
/// <param name="Below">The reduction of its descendants.</param>
public sealed record TreeReduction(Reduction Self, Reduction Below);
