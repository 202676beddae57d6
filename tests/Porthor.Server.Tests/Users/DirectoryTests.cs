using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Users;

/// <summary>Directory lookups of administrators: USR-001, USR-003, USR-005, USR-006, USR-009 (contract/userinfo.md 7).</summary>
public sealed class DirectoryTests(DirectoryTests.DirectoryServers servers) : IClassFixture<DirectoryTests.DirectoryServers>
{
    public sealed class DirectoryServers : LdapServers
    {
        internal override async Task AddEntriesAsync(LdapTree tree)
        {
            await tree.AddUserAsync("some-user", "名字", uid: 2000, gid: 1045);
            await tree.AddUserAsync("99digits99", "LDAP User", "ldap-user@example.com", 1999, 1045);
            await tree.AddUserAsync("unknown-user", uid: 2001, gid: 1045);
            await tree.AddUserAsync("ldap-user", uid: 2002, gid: 1045);
            await tree.AddGroupAsync("foo", 1222, "99digits99", "some-user");
            await tree.AddGroupAsync("group-1", 1223, "99digits99", "ldap-user");
            await tree.AddGroupAsync("group-2", 1224, "99digits99");
            // Ignored entries: a user with an invalid username, and groups without a GID or with an invalid or missing name.
            await tree.AddUserAsync(new string('x', 65), uid: 1);
            await tree.AddGroupAsync("unnumbered", gid: null, "some-user");
            await tree.AddGroupAsync("invalid!group", 1226, "some-user");
            await tree.AddGroupAsync("CO:COU:members", 1227, "some-user");
            await tree.AddAsync(
                $"description=nameless,{tree.Groups}", ("objectClass", "posixGroup"), ("description", "nameless"), ("gidNumber", "1228"));
        }
    }

    private const string SomeUser = """{"username":"some-user","name":"名字","uid":2000,"gid":1045,"groups":[{"name":"foo","id":1222}]}""";

    [Theory, EveryMode(WithLdap = true)]
    public async Task Groups_are_listed_as_user_groups_and_system_groups(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var admin = await server.CreateSessionAsync("admin", "admin:userinfo");
        var lineCount = server.CountLines();
        (await server.GetAsync("/groups", admin.Cookie)).ShouldBe(
            200, """{"user":[{"name":"group-1","id":1223},{"name":"group-2","id":1224}],"system":[{"name":"foo","id":1222}]}""");

        server.LinesSince(lineCount, "Ignoring group without GID")[0].GetProperty("group").GetString().ShouldBe("unnumbered");
        server.LinesSince(lineCount, "LDAP group invalid!group invalid, ignoring")[0].GetProperty("severity").GetString()
            .ShouldBe("warning");
        server.LinesSince(lineCount, "Invalid LDAP group result, ignoring").Count.ShouldBe(1);
        server.LinesSince(lineCount, "Ignoring COmanage group CO:COU:members")[0].GetProperty("severity").GetString().ShouldBe("debug");
    }

    [Theory, EveryMode(WithLdap = true)]
    public async Task Users_are_listed_by_name_without_missing_fields(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var admin = await server.CreateSessionAsync("admin", "admin:userinfo");
        (await server.GetAsync("/users", admin.Cookie)).ShouldBe(
            200,
            """[{"username":"99digits99","name":"LDAP User","email":"ldap-user@example.com","uid":1999,"gid":1045"""
                + ""","groups":[{"name":"foo","id":1222},{"name":"group-1","id":1223},{"name":"group-2","id":1224}]},"""
            + """{"username":"ldap-user","uid":2002,"gid":1045,"groups":[{"name":"group-1","id":1223}]},"""
            + SomeUser
            + """,{"username":"unknown-user","uid":2001,"gid":1045}]""");
    }

    [Theory, EveryMode(WithLdap = true)]
    public async Task One_user_is_looked_up_and_an_unknown_user_has_only_a_name(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var admin = await server.CreateSessionAsync("admin", "admin:userinfo");
        (await server.GetAsync("/users/some-user", admin.Cookie)).ShouldBe(200, SomeUser);
        (await server.GetAsync("/users/admin", admin.Cookie)).ShouldBe(200, """{"username":"admin"}""");

        // Users can look up themselves without a scope; user data in their token are ignored.
        var user = await server.LogInAsync("some-user", "", new() { Name = "Other Name", Uid = 7 });
        (await server.GetAsync("/users/some-user", user.Cookie)).ShouldBe(200, SomeUser);
    }

    [Theory, EveryMode(WithLdap = true)]
    public async Task Lookups_without_permission_are_denied(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var user = await server.CreateSessionAsync("some-user", "user:token,admin:token");
        foreach (var (path, name) in ((string, string)[])[("/users", "None"), ("/groups", "None"), ("/users/ldap-user", "ldap-user")])
        {
            var lineCount = server.CountLines();
            (await server.GetAsync(path, user.Cookie)).ShouldBe(
                403, $$"""{"detail":[{"msg":"Cannot get information for user {{name}}","type":"permission_denied"}]}""");
            server.LinesSince(lineCount, "Permission denied")[0].GetProperty("severity").GetString().ShouldBe("warning");
            (await server.GetAsync(path)).StatusCode.ShouldBe(401);
            // The bootstrap token is accepted only for tokens.
            (await server.GetAsync(path, server.Bootstrap)).StatusCode.ShouldBe(401);
        }
        var impossible = await server.GetAsync("/users/in--valid", user.Cookie);
        (impossible.StatusCode, impossible.DetailLocation).ShouldBe((422, "path.username"));
    }

    /// <summary>INT-004; deviations 15.</summary>
    [Theory, EveryMode(WithLdap = true)]
    public async Task Health_does_not_depend_on_directory_entries(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        await server.CreateSessionAsync("some-user");
        (await server.SendAsync(HttpMethod.Get, "/health")).Body.ShouldBe("""{"status":"healthy"}""");
        await server.CreateSessionAsync("absent-user");
        (await server.SendAsync(HttpMethod.Get, "/health")).Body.ShouldBe("""{"status":"healthy"}""");
    }
}
