using System.Text.Json;
using Porthor.Identity;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Server.Tests.Ingress;
using Porthor.Server.Tests.Login;
using Porthor.Server.Users.Ldap;
using Porthor.Testing;

namespace Porthor.Server.Tests.Users;

/// <summary>
/// The data about a token's user, from the token and from LDAP: ADM-014 to ADM-016, LGO-003, LGO-004, LGO-006, LGO-010, LGO-011, LGO-016
/// (contract/userinfo.md 2, 3).
/// </summary>
public sealed class UserInfoTests(UserInfoTests.DirectoryServers servers) : IClassFixture<UserInfoTests.DirectoryServers>
{
    public sealed class DirectoryServers : LdapServers
    {
        internal override LdapSettings Configure(LdapSettings settings) => settings with { AddUserGroup = true, EmailAttr = "MAIL" };
    }

    [Theory, EveryMode(WithLdap = true)]
    public async Task Missing_user_data_of_a_token_are_read_from_the_directory(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var (name, gid) = (Name(mode, "filled"), 3110 + (int)mode);
        // Of several values the first one is used.
        await servers.Tree.AddUserAsync(name, "Ünï Cødé 名字", "first@example.com", 3001, gid, ("mail", "second@example.com"));
        await servers.Tree.AddGroupAsync($"{name}-b", 3102, name);
        await servers.Tree.AddGroupAsync($"{name}-a", 3101, name);
        await servers.Tree.AddGroupAsync($"{name}-primary", gid);
        await servers.Tree.AddGroupAsync($"{name}!bad", 3103, name);
        await servers.Tree.AddGroupAsync($"{name}-none", gid: null, name);
        await servers.Tree.AddGroupAsync($"{name}-zero", 0, name);

        var lineCount = server.CountLines();
        var browser = await server.CreateSessionAsync(name);
        (await server.GetUserInfoAsync(browser)).ShouldBe(
            200,
            $$"""{"username":"{{name}}","name":"Ünï Cødé 名字","email":"first@example.com","uid":3001,"gid":{{gid}}"""
                + $$""","groups":[{"name":"{{name}}","id":3001},{"name":"{{name}}-a","id":3101},{"name":"{{name}}-b","id":3102},"""
            + $$"""{"name":"{{name}}-primary","id":{{gid}}}]}""");
        var bad = server.LinesSince(lineCount, $"LDAP group {name}!bad invalid, ignoring")[0];
        bad.GetProperty("severity").GetString().ShouldBe("warning");
        bad.GetProperty("user").GetString().ShouldBe(name);
        bad.GetProperty("ldap_url").GetString().ShouldBe(servers.Tree.Settings.Url);
        bad.GetProperty("ldap_search").GetString().ShouldBe($"(&(objectClass=posixGroup)(member=uid={name},{servers.Tree.People}))");
        server.LinesSince(lineCount, $"LDAP group {name}-none has invalid gidNumber, ignoring").Count.ShouldBe(1);
        server.LinesSince(lineCount, $"LDAP group {name}-zero has invalid gidNumber, ignoring").Count.ShouldBe(1);

        // A proxy gets the email address.
        var passed = await server.AuthorizeAsync("", browser.Cookie);
        passed.ShouldBeAllowed();
        (passed.Header("X-Auth-Request-User"), passed.Header("X-Auth-Request-Email")).ShouldBe((name, "first@example.com"));
        (await server.SendAsync(
            HttpMethod.Get, $"/auth/gms?group={name}-b&group=other", json: null, browser.Cookie)).Body.ShouldBe($"{name}-b\r\n");
    }

    [Theory, EveryMode(WithLdap = true)]
    public async Task Each_field_of_a_token_takes_precedence(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var (name, gid) = (Name(mode, "told"), 3210 + (int)mode);
        await servers.Tree.AddUserAsync(name, "From Ldap", "ldap@example.com", 3201, gid);
        await servers.Tree.AddGroupAsync($"{name}-group", 3202, name);
        await servers.Tree.AddGroupAsync($"{name}-primary", gid);

        (await server.GetUserInfoAsync(await server.LogInAsync(name, user: new()
        {
            Name = "From Token",
            Email = "token@example.com",
            Uid = 7,
            Groups = [new("ours", 8)],
        }))).ShouldBe(
            200,
            $$"""{"username":"{{name}}","name":"From Token","email":"token@example.com","uid":7,"gid":{{gid}},"groups":["""
                + $$"""{"name":"ours","id":8}]}""");
        // An empty list means no groups; and another GID has another primary group, regardless of earlier lookups.
        var member = $$"""{"name":"{{name}}-group","id":3202}""";
        (await server.GetUserInfoAsync(await server.LogInAsync(name, user: new() { Groups = [] }))).ShouldBe(
            200,
            $$"""{"username":"{{name}}","name":"From Ldap","email":"ldap@example.com","uid":3201,"gid":{{gid}}"""
                + $$""","groups":[{"name":"{{name}}","id":3201},{{member}},{"name":"{{name}}-primary","id":{{gid}}}]}""");
        (await server.GetUserInfoAsync(await server.LogInAsync(name, user: new() { Gid = 3299 }))).ShouldBe(
            200,
            $$"""{"username":"{{name}}","name":"From Ldap","email":"ldap@example.com","uid":3201,"gid":3299,"groups":["""
                + $$"""{"name":"{{name}}","id":3201},{{member}}]}""");
    }

    [Theory, EveryMode(WithLdap = true)]
    public async Task Unknown_fields_are_absent(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        (await server.GetUserInfoAsync(await server.CreateSessionAsync(Name(mode, "absent")))).ShouldBe(
            200, $$"""{"username":"{{Name(mode, "absent")}}","groups":[]}""");
        (await server.SendAsync(
            HttpMethod.Get, "/auth/gms", json: null, (await server.CreateSessionAsync(Name(mode, "absent"))).Cookie)).Body.ShouldBeEmpty();

        // LGO-011: with user private groups, the UID is also the GID.
        var bare = Name(mode, "bare");
        await servers.Tree.AddUserAsync(bare, uid: 3301);
        var browser = await server.CreateSessionAsync(bare);
        (await server.GetUserInfoAsync(browser)).ShouldBe(
            200, $$"""{"username":"{{bare}}","uid":3301,"gid":3301,"groups":[{"name":"{{bare}}","id":3301}]}""");
        (await server.AuthorizeAsync("", browser.Cookie)).Header("X-Auth-Request-Email").ShouldBeNull();
    }

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

    /// <summary>Directory data are cached for exactly five minutes.</summary>
    [Theory, EveryMode(WithLdap = true)]
    public async Task Directory_changes_apply_after_five_minutes(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var name = Name(mode, "changing");
        await servers.Tree.AddUserAsync(name, mail: "old@example.com");
        var browser = await server.CreateSessionAsync(name);
        async Task<string?> Email() => (await server.AuthorizeAsync("", browser.Cookie)).Header("X-Auth-Request-Email");
        (await Email()).ShouldBe("old@example.com");
        await servers.Tree.ReplaceAsync(name, "mail", "new@example.com");
        server.Clock.Advance(TimeSpan.FromSeconds(290));
        (await Email()).ShouldBe("old@example.com");
        server.Clock.Advance(TimeSpan.FromSeconds(11));
        (await Email()).ShouldBe("new@example.com");
    }

    private static string Name(Mode mode, string name) => $"{name}-{mode.ToString().ToLowerInvariant()}";
}

/// <summary>Other settings of the directory: LGO-012, LGO-014; ING-035, TOK-030.</summary>
public sealed class DirectorySettingsTests
{
    /// <summary>LGO-012</summary>
    [LdapFact]
    public async Task Disabled_attributes_are_not_returned()
    {
        await using var servers = new CustomLdapServers(settings => settings with { NameAttr = null, EmailAttr = null, GidAttr = null });
        await servers.InitializeAsync();
        await servers.Tree.AddUserAsync("quiet", "Not Told", "not-told@example.com", 1, 2);
        await servers.Tree.AddGroupAsync("primary", 2);
        var server = await servers.GetAsync(Mode.Embedded);
        (await server.GetUserInfoAsync(await server.CreateSessionAsync("quiet"))).ShouldBe(
            200, """{"username":"quiet","uid":1,"groups":[]}""");
        (await server.Host.Core.Users.GetGroupNamesAsync("quiet", UserData.None, TestContext.Current.CancellationToken)).ShouldBeEmpty();
    }

    /// <summary>LGO-014</summary>
    [LdapFact]
    public async Task Members_can_be_listed_by_their_usernames()
    {
        await using var servers = new CustomLdapServers(
            settings => settings with { GroupSearchByDn = false, GroupMemberAttr = "memberName" });
        await servers.InitializeAsync();
        await servers.Tree.AddGroupAsync("team", 9, "bare");
        var server = await servers.GetAsync(Mode.Embedded);
        (await server.GetUserInfoAsync(await server.CreateSessionAsync("bare"))).ShouldBe(
            200, """{"username":"bare","groups":[{"name":"team","id":9}]}""");
    }

    [LdapFact]
    public async Task Without_a_user_base_DN_only_groups_are_looked_up()
    {
        await using var servers = new CustomLdapServers(
            settings => settings with { UserBaseDn = "", GroupSearchByDn = false, GroupMemberAttr = "memberName" });
        await servers.InitializeAsync();
        await servers.Tree.AddUserAsync("nobody", "Never Told");
        await servers.Tree.AddGroupAsync("team", 9, "nobody");
        var server = await servers.GetAsync(Mode.Embedded);
        var admin = await server.CreateSessionAsync("admin", "admin:userinfo");
        (await server.GetUserInfoAsync(await server.CreateSessionAsync("nobody"))).ShouldBe(
            200, """{"username":"nobody","groups":[{"name":"team","id":9}]}""");
        (await server.GetAsync("/users", admin.Cookie)).ShouldBe(200, "[]");
        (await server.GetAsync("/users/nobody", admin.Cookie)).ShouldBe(200, """{"username":"nobody"}""");
    }

    /// <summary>ING-035, TOK-030; and UIDs that are invalid for users.</summary>
    [LdapTheory]
    [InlineData("bogus")]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("99999999999999999999")]
    public async Task An_invalid_entry_is_an_error_and_not_an_outage(string number)
    {
        await using var slack = new RecordingServer();
        await using var servers = new CustomLdapServers(settings => settings with { UidAttr = "employeeNumber" }, slack.Url);
        await servers.InitializeAsync();
        await servers.Tree.AddUserAsync("odd", "Odd", "odd@example.com", attributes: ("employeeNumber", number));
        await servers.Tree.AddUserAsync("even", attributes: ("employeeNumber", "2"));
        var server = await servers.GetAsync(Mode.Embedded);
        var odd = await server.CreateSessionAsync("odd");
        // No other session exists that the health check could use.
        (await server.SendAsync(HttpMethod.Get, "/health")).StatusCode.ShouldBe(200);
        var admin = await server.CreateSessionAsync("admin", "admin:userinfo");
        const string refused = """{"detail":[{"msg":"Unable to get user information","type":"user_info_failed"}]}""";
        // Operators get an alert, but not for every authorization subrequest.
        var first = await server.GetUserInfoAsync(odd);
        await RealServers.WaitUntilAsync(() => Task.FromResult(slack.Requests.Single()), "the alert");
        var alert = JsonDocument.Parse(slack.Requests[0].Text).RootElement.GetProperty("blocks");
        alert[0].GetProperty("text").GetProperty("text").GetString().ShouldBe("Error in Gafaelfawr: LDAP user entry invalid");
        string?[] fields = [.. alert[1].GetProperty("fields").EnumerateArray().Select(field => field.GetProperty("text").GetString())];
        (fields[0], fields[^1]).ShouldBe(("*Exception type*\nLDAPError", "*User*\nodd"));
        (await server.AuthorizeAsync("", odd.Cookie)).StatusCode.ShouldBe(500);
        foreach (var answer in (Answer[])[
            first, await server.AuthorizeAsync("", odd.Cookie), await server.GetAsync("/users/odd", admin.Cookie),
            await server.SendAsync(HttpMethod.Get, "/auth/gms", json: null, odd.Cookie),
            // The answer is the same if no data of the entry are needed.
            await server.AuthorizeAsync("", (await server.LogInAsync("odd", user: new() { Email = "told@example.com" })).Cookie)])
        {
            answer.ShouldBe(500, refused);
            answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
            answer.Header("X-Error-Status").ShouldBeNull();
        }
        var lines = server.LinesSince(0, "LDAP user entry invalid");
        lines[0].GetProperty("error").GetString().ShouldBe($"employeeNumber is {number}");
        server.LinesSince(0, "Unable to get user information")[0].GetProperty("error").GetString().ShouldBe("LDAP user entry invalid");

        // Lists omit the invalid entry and contain all others.
        (await server.GetAsync("/users", admin.Cookie)).ShouldBe(200, """[{"username":"even","uid":2}]""");
        (await server.GetUserInfoAsync(await server.CreateSessionAsync("even"))).ShouldBe(
            200, """{"username":"even","uid":2,"groups":[]}""");
        // After the correction the entry is used at once: errors are not cached.
        await servers.Tree.ReplaceAsync("odd", "employeeNumber", "3");
        (await server.GetUserInfoAsync(odd)).Json.GetProperty("uid").GetInt64().ShouldBe(3);
    }

    internal sealed class CustomLdapServers(Func<LdapSettings, LdapSettings> configure, Uri? slack = null) : LdapServers
    {
        internal override PorthorSettings Configure(PorthorSettings settings) =>
            base.Configure(settings) with { Slack = new SlackSettings(Webhook: slack is null ? null : new Secret(slack.AbsoluteUri)) };

        internal override LdapSettings Configure(LdapSettings settings) => configure(settings);
    }
}
