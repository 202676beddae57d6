using Porthor.Identity;
using Porthor.Quotas;

namespace Porthor.Users;

/// <summary>Represents the information about a user (contract/userinfo.md 1).</summary>
/// <param name="Username">The username.</param>
/// <param name="Name">The full name; null if it is not known.</param>
/// <param name="Email">The email address; null if it is not known.</param>
/// <param name="Uid">The UID; null if it is not known.</param>
/// <param name="Gid">The GID of the primary group; null if it is not known.</param>
/// <param name="Groups">The groups, ordered by name.</param>
/// <param name="Quota">The quota; null if no configured quota or override applies to the user.</param>
public sealed record UserInfo(
    string Username, string? Name, string? Email, long? Uid, long? Gid, IReadOnlyList<Group> Groups, Quota? Quota);

/// <summary>Represents all groups of a deployment. Both lists have the order of the directory.</summary>
/// <param name="User">The groups of users.</param>
/// <param name="System">The groups that the configuration lists as system groups.</param>
public sealed record AllGroups(IReadOnlyList<Group> User, IReadOnlyList<Group> System);

/// <summary>Represents the settings of the user information.</summary>
/// <param name="AddUserGroup">
/// True if a user without a GID gets their UID as GID, as with GitHub. If the groups are read from the directory, the user also gets a
/// group with their own name.
/// </param>
public sealed record UserInfoOptions(bool AddUserGroup = false)
{
    /// <summary>The names of the system groups.</summary>
    public IReadOnlySet<string> SystemGroups { get; init; } = new HashSet<string>();

    /// <summary>The settings of the directory cache.</summary>
    public DirectoryCacheOptions DirectoryCache { get; init; } = DirectoryCacheOptions.Default;
}
