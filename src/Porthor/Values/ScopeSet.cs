namespace Porthor.Values;

/// <summary>
/// Represents the scopes of a token: an immutable set of names, stored and written in ascending order of code points (contract/tokens.md,
/// conventions). Two sets are equal if they contain the same names.
/// </summary>
public sealed class ScopeSet : IEquatable<ScopeSet>
{
    /// <summary>The empty set.</summary>
    public static readonly ScopeSet Empty = new([]);

    private readonly string[] names;

    private ScopeSet(string[] sortedNames)
    {
        names = sortedNames;
        Names = Array.AsReadOnly(names);
        Text = string.Join(',', sortedNames);
    }

    /// <summary>Returns the text that the token index contains: the names, separated by commas; empty for no scopes.</summary>
    public string Text { get; }

    /// <summary>Returns the names in ascending order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Returns true if the set contains no scope.</summary>
    public bool IsEmpty => names.Length == 0;

    /// <summary>Returns the set of the given names. They may be unordered, and a name may occur twice.</summary>
    public static ScopeSet Of(params IEnumerable<string> scopes)
    {
        string[] given = [.. scopes];
        // In most cases the names are sorted, because stored names are.
        var sorted = IsAscending(given) ? given : [.. given.Distinct(StringComparer.Ordinal).Order(CodePointOrder.Instance)];
        return sorted.Length == 0 ? Empty : new ScopeSet(sorted);
    }

    /// <summary>Parses names that are separated by commas. Blanks are kept; an empty text is the empty set.</summary>
    public static ScopeSet Parse(string text) => text.Length == 0 ? Empty : Of(text.Split(','));

    /// <summary>Returns true if the set contains a scope.</summary>
    public bool Contains(string scope) => names.AsSpan().Contains(scope);

    /// <summary>Returns true if another set contains all scopes of this set.</summary>
    public bool IsSubsetOf(ScopeSet other)
    {
        foreach (var name in names)
        {
            if (!other.Contains(name))
                return false;
        }
        return true;
    }

    /// <summary>Returns true if the sets have at least one common scope.</summary>
    public bool HasAnyOf(ScopeSet other)
    {
        foreach (var name in other.names)
        {
            if (Contains(name))
                return true;
        }
        return false;
    }

    /// <summary>Returns the scopes that both sets contain.</summary>
    public ScopeSet Intersect(ScopeSet other) => IsSubsetOf(other) ? this : Of(names.Where(other.Contains));

    /// <summary>Returns the scopes that only this set contains.</summary>
    public ScopeSet Except(ScopeSet other) => HasAnyOf(other) ? Of(names.Where(n => !other.Contains(n))) : this;

    /// <summary>Returns the scopes of both sets.</summary>
    public ScopeSet Union(ScopeSet other) => other.IsSubsetOf(this) ? this : Of(names.Concat(other.names));

    /// <inheritdoc/>
    public bool Equals(ScopeSet? other) => other is not null && names.AsSpan().SequenceEqual(other.names.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ScopeSet);

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    /// <summary>Returns <see cref="Text"/>.</summary>
    public override string ToString() => Text;

    private static bool IsAscending(string[] scopes)
    {
        for (var i = 1; i < scopes.Length; i++)
        {
            if (CodePointOrder.Instance.Compare(scopes[i - 1], scopes[i]) >= 0)
                return false;
        }
        return true;
    }
}
