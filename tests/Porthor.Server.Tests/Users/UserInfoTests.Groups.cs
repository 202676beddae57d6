using Porthor.Identity;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Users;

public sealed partial class UserInfoTests
{
    /// <summary>
    /// Of the groups with the primary GID, the first one with a valid name is used; a group with the username is the user's private group.
    /// </summary>
    [Theory, EveryMode(WithLdap = true)]
    public async Task The_primary_group_is_found_by_its_GID(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var (name, gid) = (Name(mode, "primary"), 3400 + (int)mode);
        await servers.Tree.AddUserAsync(name, uid: gid + 10, gid: gid);
        await servers.Tree.AddGroupAsync($"{name}!invalid", gid);
        await servers.Tree.AddGroupAsync(name, gid);
        (await server.GetUserInfoAsync(await server.CreateSessionAsync(name))).ShouldBe(
            200, $$"""{"username":"{{name}}","uid":{{gid + 10}},"gid":{{gid}},"groups":[{"name":"{{name}}","id":{{gid}}}]}""");
        (await server.Host.Core.Users.GetGroupNamesAsync(name, UserData.None, TestContext.Current.CancellationToken)).ShouldBe([name]);
    }

    /// <summary>
    /// Groups without a GID give scopes too; each group counts once, and not the user's private group (contract/userinfo.md 5).
    /// </summary>
    [Theory, EveryMode(WithLdap = true)]
    public async Task The_groups_of_a_login_are_names(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var (name, gid) = (Name(mode, "entering"), 3500 + (int)mode);
        await servers.Tree.AddUserAsync(name, uid: 1, gid: gid);
        await servers.Tree.AddGroupAsync($"{name}-none", gid: null, name);
        await servers.Tree.AddGroupAsync($"{name}-primary", gid, name);
        var users = server.Host.Core.Users;
        (await users.GetGroupNamesAsync(name, UserData.None, TestContext.Current.CancellationToken)).Order()
            .ShouldBe([$"{name}-none", $"{name}-primary"]);
        (await users.GetGroupNamesAsync(name, new() { Groups = [new("told", 1)] }, TestContext.Current.CancellationToken))
            .ShouldBe(["told"]);

        // LGO-013: a correction after a failed login applies at once.
        var late = Name(mode, "late");
        (await users.GetGroupNamesAsync(late, UserData.None, TestContext.Current.CancellationToken)).ShouldBeEmpty();
        var (lateGid, stillNone) = (3600 + (int)mode, await server.CreateSessionAsync(late));
        (await server.GetUserInfoAsync(stillNone)).Json.GetProperty("groups").GetArrayLength().ShouldBe(0);
        await servers.Tree.AddUserAsync(late, gid: lateGid);
        await servers.Tree.AddGroupAsync($"{late}-primary", lateGid);
        (await users.GetGroupNamesAsync(late, UserData.None, TestContext.Current.CancellationToken)).ShouldBeEmpty();
        users.RemoveFromCache(late);
        (await users.GetGroupNamesAsync(late, UserData.None, TestContext.Current.CancellationToken)).ShouldBe([$"{late}-primary"]);
        (await server.GetUserInfoAsync(stillNone)).Json.GetProperty("gid").GetInt64().ShouldBe(lateGid);
    }
}
