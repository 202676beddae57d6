namespace Porthor.Ldap;

/// <summary>Represents an entry of the directory. The names of attributes are case-insensitive.</summary>
internal sealed class LdapEntry(string name, IReadOnlyDictionary<string, IReadOnlyList<string>> attributes)
{
    public string Name => name;

    /// <summary>Returns the first value of an attribute; null if it is missing or empty.</summary>
    public string? First(string? attribute) =>
        attribute is not null && attributes.TryGetValue(attribute, out var values) && values is [{ Length: > 0 } value, ..] ? value : null;

    public override string ToString() =>
        $"{name} {{{string.Join(", ", attributes.Select(attribute => $"{attribute.Key}: {string.Join(" | ", attribute.Value)}"))}}}";
}

internal enum LdapScope
{
    Base = 0,
    OneLevel = 1,
    Subtree = 2,
}

/// <summary>Represents a search.</summary>
/// <param name="Operation">The name of the operation in metrics.</param>
/// <param name="Base">The DN at which the search begins.</param>
/// <param name="Scope">The entries below <paramref name="Base"/> that are searched.</param>
/// <param name="Filter">The condition for entries.</param>
/// <param name="Attributes">The names of the attributes to return.</param>
/// <param name="Username">The user that is searched for; null for all users.</param>
internal sealed record LdapSearch(
    string Operation, string Base, LdapScope Scope, LdapFilter Filter, IReadOnlyList<string> Attributes, string? Username);
