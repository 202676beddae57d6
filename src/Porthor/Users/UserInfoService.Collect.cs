using Porthor.Identity;
using Porthor.Quotas;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Users;

// The order of the sources is: token, numeric IDs, directory (contract/userinfo.md 2, 3).
public sealed partial class UserInfoService
{
    private async Task<UserInfoSnapshot> CollectAsync(
        TokenRecord record, QuotaPlan? plan, FreshnessRequirements requirements, CancellationToken cancellationToken)
    {
        var stored = record.UserData;
        var removals = cachedDirectory?.Removals ?? 0;
        var (uid, isComplete) = await UidAsync(record, requirements, cancellationToken);
        var gid = stored.Gid ?? (ids is not null && options.AddUserGroup ? uid : null);
        var until = long.MaxValue;
        var found = DirectoryUser.None;
        var groups = stored.Groups ?? [];
        if (cachedDirectory is not null)
        {
            var entry = await cachedDirectory.GetUserAsync(record.Username, requirements.Entry, cancellationToken);
            found = entry?.Value ?? found;
            until = entry?.Until ?? 0;
            if (groups.Count == 0)
            {
                var listed = await ListedGroupsAsync(
                    record.Username, uid ?? found.Uid, gid ?? found.Gid, requirements.Groups, cancellationToken);
                groups = listed?.Value ?? groups;
                until = Math.Min(until, listed?.Until ?? 0);
            }
            isComplete &= until > 0;
        }
        uid ??= found.Uid;
        gid ??= found.Gid ?? (options.AddUserGroup ? uid : null);
        return new UserInfoSnapshot(
            new UserInfo(
                record.Username, stored.Name ?? found.Name, stored.Email ?? found.Email, uid, gid, Sorted(groups), QuotaOf(groups, plan)),
            plan, until, removals, isComplete);
    }

    /// <summary>
    /// Returns the values that a response of forward authentication requires: the email address, if the record contains none and the
    /// directory provides email addresses; and the groups, if the quota of the service depends on them.
    /// </summary>
    private FreshnessRequirements RequirementsOf(UserData stored, string? service, QuotaPlan? plan)
    {
        var groupsDecide = service is not null && stored.Groups is not { Count: > 0 } && (DependsOnGroups(quotas) || DependsOnGroups(plan));
        var email = stored.Email is null && cachedDirectory is { ProvidesEmail: true };
        return new FreshnessRequirements(
            email || groupsDecide ? FreshnessRequirement.Recent : FreshnessRequirement.None,
            groupsDecide ? FreshnessRequirement.Recent : FreshnessRequirement.None);
    }

    private static bool DependsOnGroups(QuotaPlan? plan) => plan is not null && (plan.Groups.Count > 0 || plan.Bypass.Count > 0);

    /// <summary>
    /// Returns the UID from the record or from the assigned IDs. If the groups are not required, an unavailable store is not an error, and
    /// the UID is null.
    /// </summary>
    private async ValueTask<(long? Uid, bool IsComplete)> UidAsync(
        TokenRecord record, FreshnessRequirements requirements, CancellationToken cancellationToken)
    {
        if (record.UserData.Uid is { } uid)
            return (uid, true);
        if (ids is null)
            return (null, true);
        try
        {
            return (await ids.GetUidAsync(record.Username, cancellationToken), true);
        }
        catch (StoreUnavailableException) when (requirements.Groups == FreshnessRequirement.None)
        {
            return (null, false);
        }
    }

    /// <summary>Returns the groups that have the user as a member, the primary group and the group of the user's own name.</summary>
    private async ValueTask<CachedValue<IReadOnlyList<Group>>?> ListedGroupsAsync(
        string username, long? uid, long? gid, FreshnessRequirement requirement, CancellationToken cancellationToken)
    {
        if (await cachedDirectory!.GetGroupsAsync(username, requirement, cancellationToken) is not { } members)
            return null;
        var primary = new CachedValue<string?>(Value: null, long.MaxValue);
        if (gid is { } number && NeedsPrimary(members.Value, number))
        {
            if (await cachedDirectory.GetGroupNameAsync(number, username, requirement, cancellationToken) is not { } name)
                return null;
            primary = name;
        }
        try
        {
            var groups = await NumberedAsync(username, uid, gid, members.Value, primary.Value, cancellationToken);
            return new(groups, Math.Min(members.Until, primary.Until));
        }
        catch (StoreUnavailableException) when (requirement == FreshnessRequirement.None)
        {
            return null;
        }
    }

    /// <summary>
    /// Returns true if the name of the primary group must be read from the directory. This is always necessary if Porthor assigns IDs,
    /// because the GIDs of the directory are not used then, and the primary group cannot be found by its GID.
    /// </summary>
    private bool NeedsPrimary(IReadOnlyList<DirectoryGroup> members, long gid) => ids is not null || members.All(group => group.Gid != gid);

    private async ValueTask<IReadOnlyList<Group>> NumberedAsync(
        string username, long? uid, long? gid, IReadOnlyList<DirectoryGroup> members, string? primary, CancellationToken cancellationToken)
    {
        List<Group> groups = [];
        foreach (var member in members)
        {
            var number = ids is null ? member.Gid : await ids.GetGidAsync(member.Name, cancellationToken);
            if (number is { } id)
                groups.Add(new Group(member.Name, id));
        }
        if (primary is not null && groups.All(group => group.Name != primary))
            groups.Add(new Group(primary, ids is null ? gid!.Value : await ids.GetGidAsync(primary, cancellationToken)));
        if (options.AddUserGroup && uid is { } own && groups.All(group => group.Name != username))
            groups.Insert(0, new Group(username, own));
        return groups;
    }

    private Quota? QuotaOf(IReadOnlyList<Group> groups, QuotaPlan? plan) =>
        QuotaPlan.Effective(quotas, plan, [.. groups.Select(group => group.Name)]);

    private static IReadOnlyList<Group> Sorted(IReadOnlyList<Group> groups) =>
        [.. groups.OrderBy(group => group.Name, CodePointOrder.Instance)];

    /// <summary>Specifies which values of the directory are sufficient for a response.</summary>
    /// <param name="Entry">The requirement for the entry of the user.</param>
    /// <param name="Groups">The requirement for the groups of the user.</param>
    private readonly record struct FreshnessRequirements(FreshnessRequirement Entry, FreshnessRequirement Groups);
}
