using Porthor.Identity;

namespace Porthor.Users;

/// <summary>
/// Represents the directory of users and groups, in production an LDAP server. Each call queries the directory; <see
/// cref="CachedUserDirectory"/> caches the results. Every method throws <see cref="UserDirectoryException"/> if the directory does not
/// respond or returns an invalid entry.
/// </summary>
public interface IUserDirectory
{
    /// <summary>Returns true if email addresses are read from the directory.</summary>
    bool ProvidesEmail { get; }

    /// <summary>Returns true if primary groups are read from the directory.</summary>
    bool ProvidesGid { get; }

    /// <summary>Returns the entry of a user; <see cref="DirectoryUser.None"/> if there is none.</summary>
    Task<DirectoryUser> GetUserAsync(string username, CancellationToken cancellationToken);

    /// <summary>Returns the groups that have a user as a member. Groups with invalid names are not included.</summary>
    Task<IReadOnlyList<DirectoryGroup>> GetGroupsAsync(string username, CancellationToken cancellationToken);

    /// <summary>Returns the name of the group with a GID; null if there is none with a valid name.</summary>
    /// <param name="gid">The GID.</param>
    /// <param name="username">The user whose primary group it is, for the log.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<string?> GetGroupNameAsync(long gid, string username, CancellationToken cancellationToken);

    /// <summary>Returns all users by their names. Users with invalid entries are not included.</summary>
    Task<IReadOnlyDictionary<string, DirectoryUser>> ListUsersAsync(CancellationToken cancellationToken);

    /// <summary>Returns all groups, in the order of the directory.</summary>
    Task<IReadOnlyList<DirectoryGroup>> ListGroupsAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Represents the entry of a user. A value is null if the entry does not contain it, or if the deployment does not read it.
/// </summary>
/// <param name="Name">The full name.</param>
/// <param name="Email">The email address.</param>
/// <param name="Uid">The UID.</param>
/// <param name="Gid">The GID of the primary group.</param>
public sealed record DirectoryUser(string? Name, string? Email, long? Uid, long? Gid)
{
    /// <summary>Represents a user without an entry.</summary>
    public static readonly DirectoryUser None = new(Name: null, Email: null, Uid: null, Gid: null);
}

/// <summary>Represents a group of the directory.</summary>
/// <param name="Name">The name.</param>
/// <param name="Gid">The GID; null if the entry has none, or none that is a number.</param>
public sealed record DirectoryGroup(string Name, long? Gid);
