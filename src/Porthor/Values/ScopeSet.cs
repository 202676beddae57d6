namespace Porthor.Values;

/// <summary>
/// The scopes of a token: an immutable set of names, always held and written in ascending code-point order
/// (contract/tokens.md, conventions). Two sets are equal if they hold the same names.
/// </summary>
public sealed class ScopeSet : IEquatable<ScopeSet>
{
    public static readonly ScopeSet Empty = new([]);

    private readonly string[] names;

    private ScopeSet(string[] sortedNames)
    {
        names = sortedNames;
        Names = Array.AsReadOnly(names);
        Text = string.Join(',', sortedNames);
    }

    /// <summary>The token index's form: names joined by commas, empty for none.</summary>
    public string Text { get; }

    public IReadOnlyList<string> Names { get; }

    public bool IsEmpty => names.Length == 0;

    public static ScopeSet Of(params IEnumerable<string> scopes)
    {
        string[] given = [.. scopes];
        // Nearly always, as that is how they are stored.
        var sorted = IsAscending(given) ? given : [.. given.Distinct(StringComparer.Ordinal).Order(CodePointOrder.Instance)];
        return sorted.Length == 0 ? Empty : new ScopeSet(sorted);
    }

    /// <summary>Reads the comma-separated form; nothing is trimmed, and empty text means no scopes.</summary>
    public static ScopeSet Parse(string text) => text.Length == 0 ? Empty : Of(text.Split(','));

    public bool Contains(string scope) => names.AsSpan().Contains(scope);

    public bool IsSubsetOf(ScopeSet other)
    {
        foreach (var name in names)
        {
            if (!other.Contains(name))
                return false;
        }
        return true;
    }

    public bool HasAnyOf(ScopeSet other)
    {
        foreach (var name in other.names)
        {
            if (Contains(name))
                return true;
        }
        return false;
    }

    public ScopeSet Intersect(ScopeSet other) => IsSubsetOf(other) ? this : Of(names.Where(other.Contains));

    public ScopeSet Except(ScopeSet other) => HasAnyOf(other) ? Of(names.Where(n => !other.Contains(n))) : this;

    public ScopeSet Union(ScopeSet other) => other.IsSubsetOf(this) ? this : Of(names.Concat(other.names));

    public bool Equals(ScopeSet? other) => other is not null && names.AsSpan().SequenceEqual(other.names.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as ScopeSet);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

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
