using Porthor.Secrets;
using Porthor.Users;

namespace Porthor.Server.Users.Ldap;

/// <summary>Contains the settings of the connection to an LDAP server and of the searches in it.</summary>
internal sealed record LdapSettings
{
    public required string Url { get; init; }

    public string? UserDn { get; init; }

    public Secret? Password { get; init; }

    public bool UseKerberos { get; init; }

    /// <summary>Gets whether the connection is upgraded to TLS with StartTLS before any other request.</summary>
    public bool StartTls { get; init; }

    /// <summary>
    /// Gets the path of a PEM file with trusted certificates, which are used in place of those of the system; null to use those of the
    /// system.
    /// </summary>
    public string? CaFile { get; init; }

    /// <summary>Gets how long expired cached values are used while LDAP is unavailable.</summary>
    public TimeSpan Grace { get; init; } = DirectoryCacheOptions.Default.Grace;

    public required string GroupBaseDn { get; init; }

    public required string GroupObjectClass { get; init; }

    public required string GroupMemberAttr { get; init; }

    public bool GroupSearchByDn { get; init; }

    /// <summary>Gets the base DN of users; empty if users are not looked up.</summary>
    public required string UserBaseDn { get; init; }

    public required string UserSearchAttr { get; init; }

    public string? NameAttr { get; init; }

    public string? EmailAttr { get; init; }

    public string? UidAttr { get; init; }

    public string? GidAttr { get; init; }

    public IReadOnlyList<string> SystemGroups { get; init; } = [];

    public bool AddUserGroup { get; init; }
}
