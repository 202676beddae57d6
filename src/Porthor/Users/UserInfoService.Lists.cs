using Microsoft.Extensions.Logging;
using Porthor.Identity;
using Porthor.Values;

namespace Porthor.Users;

// What administrators look up in the directory, whatever tokens there are (contract/userinfo.md 7). Lists ask it anew.
public sealed partial class UserInfoService
{
    /// <summary>How many users' groups are asked for at once; fewer than there are connections, so that others get through.</summary>
    private const int ListingAtOnce = 4;

    /// <summary>
    /// What the directory and the ids say about a user. For one whom the directory does not know that is nothing, and no number
    /// is assigned: the name may be a slip.
    /// </summary>
    /// <exception cref="UserDirectoryException">The directory cannot tell.</exception>
    public async Task<UserInfo> GetListedAsync(string username, CancellationToken cancellationToken = default)
    {
        var entry = (await memory!.GetUserAsync(username, FreshnessRequirement.Recent, cancellationToken))!.Value.Value;
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
    /// All users of the directory, ordered by name, without quotas. Where ids are given out here, users have those that they were
    /// given before, and groups are given theirs.
    /// </summary>
    /// <exception cref="UserDirectoryException">The directory cannot tell.</exception>
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
        // One after the other, so that groups are numbered in an order that can be told.
        foreach (var user in listed)
        {
            var groups = await NumberedAsync(user.Name, user.Uid, user.Gid, user.Members, user.Primary, cancellationToken);
            var gid = user.Gid ?? (options.AddUserGroup ? user.Uid : null);
            infos.Add(new UserInfo(user.Name, user.Entry.Name, user.Entry.Email, user.Uid, gid, Sorted(groups), Quota: null));
        }
        return infos;
    }

    /// <exception cref="UserDirectoryException">The directory cannot tell.</exception>
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

    /// <summary>Asks the directory about a user. What it says does not matter, if only it says anything.</summary>
    /// <exception cref="UserDirectoryException">It is away.</exception>
    public async Task CheckAsync(string username, CancellationToken cancellationToken = default)
    {
        try
        {
            if (directory is not null)
                await directory.GetUserAsync(username, cancellationToken);
        }
        catch (UserDirectoryException e) when (!e.IsAway)
        {
            // One odd entry says nothing about the rest (deviations 15).
        }
    }

    /// <summary>A user of a list that is being made.</summary>
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
