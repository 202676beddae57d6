namespace Porthor.Server.Users.Ldap;

/// <summary>An entry that was found. Attributes are known by their names in any case.</summary>
internal sealed class LdapEntry(string name, IReadOnlyDictionary<string, IReadOnlyList<string>> attributes)
{
    public string Name => name;

    /// <summary>The first value of an attribute; null if the entry has none, or only an empty one.</summary>
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

/// <summary>What is searched for, and where.</summary>
/// <param name="Operation">What for, as metrics name it.</param>
/// <param name="Username">Whom it is about; null if it is about all.</param>
internal sealed record LdapSearch(
    string Operation, string Base, LdapScope Scope, LdapFilter Filter, IReadOnlyList<string> Attributes, string? Username);
