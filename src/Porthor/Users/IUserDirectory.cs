using Porthor.Identity;

namespace Porthor.Users;

/// <summary>
/// Where a deployment keeps its users and groups: LDAP in production. It is asked anew each time; <see cref="CachedUserDirectory"/>
/// remembers. Every method throws <see cref="UserDirectoryException"/> if it cannot tell.
/// </summary>
public interface IUserDirectory
{
    /// <summary>False if the deployment takes no mail addresses from it.</summary>
    bool TellsEmail { get; }

    /// <summary>False if the deployment takes no primary groups from it.</summary>
    bool TellsGid { get; }

    /// <summary>What it says about a user; <see cref="DirectoryUser.None"/> if it does not know them.</summary>
    Task<DirectoryUser> GetUserAsync(string username, CancellationToken cancellationToken);

    /// <summary>The groups that list a user as a member; those with impossible names are left out.</summary>
    Task<IReadOnlyList<DirectoryGroup>> GetGroupsAsync(string username, CancellationToken cancellationToken);

    /// <summary>The name of the group that has a gid; null if there is none with a possible name.</summary>
    /// <param name="username">Whose primary group it is, for the log.</param>
    Task<string?> GetGroupNameAsync(long gid, string username, CancellationToken cancellationToken);

    /// <summary>All users, by their names. Those whose entries are invalid are left out.</summary>
    Task<IReadOnlyDictionary<string, DirectoryUser>> ListUsersAsync(CancellationToken cancellationToken);

    /// <summary>All groups, in the directory's order.</summary>
    Task<IReadOnlyList<DirectoryGroup>> ListGroupsAsync(CancellationToken cancellationToken);
}

/// <summary>What the directory says about a user. What is null it does not say, or the deployment does not ask.</summary>
public sealed record DirectoryUser(string? Name, string? Email, long? Uid, long? Gid)
{
    public static readonly DirectoryUser None = new(Name: null, Email: null, Uid: null, Gid: null);
}

/// <param name="Gid">Null if the directory has none, or none that is a number.</param>
public sealed record DirectoryGroup(string Name, long? Gid);
