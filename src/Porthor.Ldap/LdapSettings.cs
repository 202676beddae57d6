using Porthor.Secrets;
using Porthor.Users;

namespace Porthor.Ldap;

/// <summary>Contains the settings of the connection to an LDAP server and of the searches in it (contract/userinfo.md 3).</summary>
public sealed record LdapSettings
{
    /// <summary>The <c>ldap://</c> or <c>ldaps://</c> URL of the server.</summary>
    public required string Url { get; init; }

    /// <summary>The DN for a simple bind; null or empty for Kerberos or an anonymous connection.</summary>
    public string? UserDn { get; init; }

    /// <summary>The password of <see cref="UserDn"/>. It must be set if <see cref="UserDn"/> is.</summary>
    public Secret? Password { get; init; }

    /// <summary>True to authenticate with the Kerberos ticket of the environment, if <see cref="UserDn"/> is not set.</summary>
    public bool UseKerberos { get; init; }

    /// <summary>True to upgrade the connection to TLS with StartTLS before any other request.</summary>
    public bool StartTls { get; init; }

    /// <summary>
    /// The path of a PEM file with trusted certificates, which are used instead of those of the system; null to use those of the system.
    /// </summary>
    public string? CaFile { get; init; }

    /// <summary>The time for which expired cached values are used while LDAP is unavailable.</summary>
    public TimeSpan Grace { get; init; } = DirectoryCacheOptions.Default.Grace;

    /// <summary>The base DN of groups. Groups are searched in its whole subtree.</summary>
    public required string GroupBaseDn { get; init; }

    /// <summary>The object class of groups.</summary>
    public required string GroupObjectClass { get; init; }

    /// <summary>
    /// The attribute of a group that contains its members, optionally with a matching rule: <c>ATTRIBUTE:RULE:</c> (RFC 4515).
    /// </summary>
    public required string GroupMemberAttr { get; init; }

    /// <summary>True if <see cref="GroupMemberAttr"/> contains DNs of users; false if it contains usernames.</summary>
    public bool GroupSearchByDn { get; init; }

    /// <summary>The base DN of users, which are directly below it; empty if users are not looked up.</summary>
    public required string UserBaseDn { get; init; }

    /// <summary>The attribute of a user that contains the username, optionally with a matching rule.</summary>
    public required string UserSearchAttr { get; init; }

    /// <summary>The attribute with the full name; null if full names are not read from LDAP.</summary>
    public string? NameAttr { get; init; }

    /// <summary>The attribute with the email address; null if email addresses are not read from LDAP.</summary>
    public string? EmailAttr { get; init; }

    /// <summary>The attribute with the UID; null if UIDs are not read from LDAP.</summary>
    public string? UidAttr { get; init; }

    /// <summary>The attribute with the GID of the primary group; null if primary groups are not read from LDAP.</summary>
    public string? GidAttr { get; init; }

    /// <summary>The names of system groups (<see cref="UserInfoOptions.SystemGroups"/>).</summary>
    public IReadOnlyList<string> SystemGroups { get; init; } = [];

    /// <summary>True if each user has a group with their name, whose GID is their UID.</summary>
    public bool AddUserGroup { get; init; }
}
