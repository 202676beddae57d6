using System.Collections.Frozen;
using Porthor.Identity;
using Porthor.Server.Accounts;

namespace Porthor.Server.Configuration;

/// <summary>
/// Reads <c>localUsers</c> and <c>localGroups</c>: users who log in with a password, for deployments without an identity provider.
/// </summary>
internal static class LocalUserSettings
{
    /// <summary>Returns the users; null if none is configured.</summary>
    public static IReadOnlyList<LocalUser>? Read(SettingsSection settings)
    {
        var groups = ReadGroups(settings);
        List<LocalUser> users = [];
        HashSet<string> names = [];
        HashSet<long> uids = [];
        foreach (var section in settings.List("localUsers"))
        {
            var user = ReadUser(section, groups);
            if (user.Username.Length > 0 && !names.Add(user.Username))
                section.AddError("username", user.Username, "another user has this name");
            if (user.Data.Uid is { } uid && !uids.Add(uid))
                section.AddError("uid", $"{uid}", "another user has this uid");
            users.Add(user);
            section.Finish();
        }
        if (users.Count == 0 && groups.Count > 0)
            settings.AddError("localGroups", value: null, "requires localUsers, which is empty");
        return users.Count > 0 ? users : null;
    }

    private static FrozenDictionary<string, long> ReadGroups(SettingsSection settings)
    {
        var groups = settings.IntegerMap("localGroups");
        foreach (var (name, id) in groups)
        {
            if (!UserRules.IsGroupName(name))
                settings.AddError("localGroups", name, $"must match {UserRules.GroupNamePattern}");
            if (id < 1)
                settings.AddError($"localGroups.{name}", $"{id}", "must be 1 or more");
        }
        foreach (var same in groups.GroupBy(group => group.Value).Where(same => same.Count() > 1))
            settings.AddError("localGroups", $"{same.Key}", $"is the id of {string.Join(" and ", same.Select(group => group.Key))}");
        return groups.ToFrozenDictionary();
    }

    private static LocalUser ReadUser(SettingsSection section, FrozenDictionary<string, long> groups)
    {
        var username = section.RequiredText("username");
        if (username.Length > 0 && !UserRules.IsUsername(username))
            section.AddError(
                "username", username, $"must match {UserRules.UsernamePattern} and have {UserRules.MaxUsernameLength} characters at most");
        else if (UserRules.IsBot(username))
            section.AddError("username", username, "names that begin with bot- are for service tokens");
        else if (username is DefaultGroups.Admins or DefaultGroups.Users)
            section.AddError("username", username, "is the name of a group that has scopes if groupMapping is not set");
        var data = new UserData
        {
            Name = section.Text("name"),
            Email = section.Text("email"),
            Uid = ReadId(section, "uid"),
            Gid = ReadId(section, "gid"),
        };
        return new LocalUser(username, data with
        {
            Gid = data.Gid ?? data.Uid,
            Groups = [.. ReadMemberships(section, username, data, groups).OrderBy(group => group.Name, StringComparer.Ordinal)],
        }, ReadPassword(section));
    }

    private static long? ReadId(SettingsSection section, string key)
    {
        if (section.Integer(key) is not { } id)
            return null;
        if (id >= 1)
            return id;
        section.AddError(key, $"{id}", "must be 1 or more");
        return null;
    }

    /// <summary>
    /// Returns the groups of a user: the configured ones and the primary group. If the user has a gid, the primary group is the group of
    /// <c>localGroups</c> with this id; otherwise it is a group with the name and the uid of the user, as for users of GitHub.
    /// </summary>
    private static IEnumerable<Group> ReadMemberships(
        SettingsSection section, string username, UserData data, FrozenDictionary<string, long> groups)
    {
        HashSet<Group> memberships = [];
        foreach (var name in section.Texts("groups") ?? [])
        {
            if (!groups.TryGetValue(name, out var id))
                section.AddError("groups", name, "is not a group in localGroups");
            else if (!memberships.Add(new Group(name, id)))
                section.AddError("groups", name, "given twice");
        }
        if (data.Gid is { } gid)
        {
            if (groups.FirstOrDefault(group => group.Value == gid).Key is { } primary)
                memberships.Add(new Group(primary, gid));
            else
                section.AddError("gid", $"{gid}", "is not the id of a group in localGroups");
        }
        else if (data.Uid is { } uid)
        {
            if (groups.ContainsKey(username))
                section.AddError(
                    "username", username, "is also a group in localGroups, and users without a gid have a group of their name");
            else if (groups.FirstOrDefault(group => group.Value == uid).Key is { } taken)
                section.AddError(
                    "uid", $"{uid}", $"is also the id of the group {taken}, and users without a gid have a group with their uid");
            else
                memberships.Add(new Group(username, uid));
        }
        return memberships;
    }

    private static PasswordHash ReadPassword(SettingsSection section)
    {
        const string key = "passwordHash";
        var text = section.RequiredText(key);
        if (PasswordHash.TryParse(text, out var problem) is { } hash)
            return hash;
        if (text.Length > 0)
            section.AddError(key, value: null, problem);
        return PasswordHash.OfNobody(PasswordHash.DefaultIterations);
    }
}
