using Microsoft.Extensions.Logging;
using Porthor.Identity;
using Porthor.Values;

namespace Porthor.Users;

// Queries of administrators, which do not depend on tokens (contract/userinfo.md 7). Lists are not read from the cache.
public sealed partial class UserInfoService
{
    /// <summary>
    /// The maximum number of concurrent queries for the groups of users. It is less than the number of connections, so that other requests
    /// can query the directory at the same time.
    /// </summary>
    private const int ListingAtOnce = 4;

    /// <summary>
    /// Returns the information about a user from the directory and the assigned IDs. If the directory has no entry, the result contains
    /// only the name and the quota, and no ID is assigned, because the name may be misspelled.
    /// </summary>
    /// <exception cref="UserDirectoryException">The directory did not respond or returned an invalid entry.</exception>
    public async Task<UserInfo> GetListedAsync(string username, CancellationToken cancellationToken = default)
    {
        var entry = (await cachedDirectory!.GetUserAsync(username, FreshnessRequirement.Recent, cancellationToken))!.Value.Value;
        IReadOnlyList<Group> groups = [];
        long? uid = null, gid = null;
        if (entry != DirectoryUser.None)
        {
            uid = ids is null ? entry.Uid : await ids.GetUidAsync(username, cancellationToken);
            gid = (ids is not null && options.AddUserGroup ? uid : null) ?? entry.Gid;
            groups = (await ListedGroupsAsync(username, uid, gid, FreshnessRequirement.Recent, cancellationToken))!.Value.Value;
            gid ??= options.AddUserGroup ? uid : null;
        }
        var quota = QuotaOf(groups, await overrides.GetAsync(cancellationToken));
        return new UserInfo(username, entry.Name, entry.Email, uid, gid, Sorted(groups), quota);
    }

    /// <summary>
    /// Returns all users of the directory, ordered by name, without quotas. If Porthor assigns IDs, the result contains the UIDs that
    /// have been assigned before, and GIDs are assigned to the groups.
    /// </summary>
    /// <exception cref="UserDirectoryException">The directory did not respond or returned an invalid entry.</exception>
    public async Task<IReadOnlyList<UserInfo>> ListUsersAsync(CancellationToken cancellationToken = default)
    {
        var users = await directory!.ListUsersAsync(cancellationToken);
        var listed = users.OrderBy(user => user.Key, CodePointOrder.Instance)
            .Select(user => new UserListing(user.Key, user.Value)).ToArray();
        await Parallel.ForEachAsync(
            listed, new ParallelOptions { MaxDegreeOfParallelism = ListingAtOnce, CancellationToken = cancellationToken },
            async (user, cancelled) =>
            {
                user.Uid = ids is null ? user.Entry.Uid : await ids.FindUidAsync(user.Name, cancelled);
                user.Gid = ids is not null && options.AddUserGroup ? user.Uid : user.Entry.Gid;
                user.Members = await directory.GetGroupsAsync(user.Name, cancelled);
                if (user.Gid is { } gid && NeedsPrimary(user.Members, gid))
                    user.Primary = await directory.GetGroupNameAsync(gid, user.Name, cancelled);
            });
        List<UserInfo> infos = [];
        // The users are processed one after the other, so that GIDs are assigned in a reproducible order.
        foreach (var user in listed)
        {
            var groups = await NumberedAsync(user.Name, user.Uid, user.Gid, user.Members, user.Primary, cancellationToken);
            var gid = user.Gid ?? (options.AddUserGroup ? user.Uid : null);
            infos.Add(new UserInfo(user.Name, user.Entry.Name, user.Entry.Email, user.Uid, gid, Sorted(groups), Quota: null));
        }
        return infos;
    }

    /// <summary>Returns all groups of the directory. Groups without a GID are not included.</summary>
    /// <exception cref="UserDirectoryException">The directory did not respond or returned an invalid entry.</exception>
    public async Task<AllGroups> ListGroupsAsync(CancellationToken cancellationToken = default)
    {
        List<Group> user = [], system = [];
        foreach (var group in await directory!.ListGroupsAsync(cancellationToken))
        {
            var number = ids is null ? group.Gid : await ids.GetGidAsync(group.Name, cancellationToken);
            if (number is { } gid)
                (options.SystemGroups.Contains(group.Name) ? system : user).Add(new Group(group.Name, gid));
            else
                Log.GroupWithoutGid(logger, group.Name);
        }
        return new AllGroups(user, system);
    }

    /// <summary>Queries the directory for a user, to check that it responds. The entry may be invalid.</summary>
    /// <exception cref="UserDirectoryException">The directory did not respond.</exception>
    public async Task CheckAsync(string username, CancellationToken cancellationToken = default)
    {
        try
        {
            if (directory is not null)
                await directory.GetUserAsync(username, cancellationToken);
        }
        catch (UserDirectoryException e) when (!e.IsUnavailable)
        {
            // One invalid entry does not mean that the directory is unavailable (deviations 15).
        }
    }

    /// <summary>Contains the data of a user while the list is created.</summary>
    private sealed class UserListing(string name, DirectoryUser entry)
    {
        public string Name { get; } = name;

        public DirectoryUser Entry { get; } = entry;

        public long? Uid { get; set; }

        public long? Gid { get; set; }

        public IReadOnlyList<DirectoryGroup> Members { get; set; } = [];

        public string? Primary { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Ignoring group without GID")]
        public static partial void GroupWithoutGid(ILogger logger, string group);
    }
}
