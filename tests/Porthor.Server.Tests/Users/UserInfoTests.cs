using Porthor.Ldap;
using Porthor.Server.Tests.Api;
using Porthor.Server.Tests.Ingress;
using Porthor.Testing;

namespace Porthor.Server.Tests.Users;

/// <summary>
/// The data about a token's user, from the token and from LDAP: ADM-014 to ADM-016, LGO-003, LGO-004, LGO-006, LGO-010, LGO-011, LGO-016
/// (contract/userinfo.md 2, 3).
/// </summary>
public sealed partial class UserInfoTests(UserInfoTests.DirectoryServers servers) : IClassFixture<UserInfoTests.DirectoryServers>
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
