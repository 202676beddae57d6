using Porthor.Identity;
using Porthor.Quotas;

namespace Porthor.Users;

/// <summary>What is known about a user (contract/userinfo.md 1).</summary>
/// <param name="Groups">Ordered by name.</param>
/// <param name="Quota">Null if nothing bounds the user and nothing is configured that would.</param>
public sealed record UserInfo(
    string Username, string? Name, string? Email, long? Uid, long? Gid, IReadOnlyList<Group> Groups, Quota? Quota);

/// <summary>All groups of a deployment, each list in the directory's order.</summary>
/// <param name="System">Those that the configuration names as the system's.</param>
public sealed record AllGroups(IReadOnlyList<Group> User, IReadOnlyList<Group> System);

/// <param name="AddUserGroup">
/// A user without a gid of their own has their uid as gid, as with GitHub; and if their groups come from the directory, a group
/// of their own.
/// </param>
public sealed record UserInfoOptions(bool AddUserGroup = false)
{
    public IReadOnlySet<string> SystemGroups { get; init; } = new HashSet<string>();

    public DirectoryCacheOptions Memory { get; init; } = DirectoryCacheOptions.Usual;
}
