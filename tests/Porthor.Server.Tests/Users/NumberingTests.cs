using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Users;

/// <summary>IDs that Porthor assigns: USR-002, USR-004, USR-007, USR-008, LGO-008, LGO-009 (contract/userinfo.md 4).</summary>
public sealed class NumberingTests
{
    private sealed class DirectoryServers : NumberingServers
    {
        internal override async Task AddEntriesAsync(LdapTree tree)
        {
            await tree.AddUserAsync("99digits99", "LDAP User", "ldap-user@example.com", 1999, 1045);
            await tree.AddUserAsync("ldap-user", uid: 2002, gid: 1045);
            await tree.AddUserAsync("some-user", "名字", uid: 2000, gid: 1045);
            await tree.AddUserAsync("unknown-user", uid: 2001, gid: 1045);
            await tree.AddGroupAsync("foo", 1222, "99digits99", "some-user");
            await tree.AddGroupAsync("group-1", gid: null, "99digits99", "ldap-user");
            await tree.AddGroupAsync("group-2", 1224, "99digits99");
        }
    }

    // IDs are assigned in sequence, so each test has its own deployment.
    private static async Task RunAsync(Mode mode, Func<ApiServer, Task> test)
    {
        await using var servers = new DirectoryServers();
        await servers.InitializeAsync();
        await test(await servers.GetAsync(mode));
    }

    [Theory, EveryMode(WithLdap = true)]
    public Task Groups_get_IDs_in_the_order_of_the_directory(Mode mode) => RunAsync(mode, async server =>
    {
        var admin = await server.CreateSessionAsync("admin", "admin:userinfo");
        (await server.GetAsync("/groups", admin.Cookie)).ShouldBe(
            200, """{"user":[{"name":"group-1","id":2000001},{"name":"group-2","id":2000002}],"system":[{"name":"foo","id":2000000}]}""");
    });

    [Theory, EveryMode(WithLdap = true)]
    public Task A_list_assigns_IDs_to_groups_and_not_to_users(Mode mode) => RunAsync(mode, async server =>
    {
        var admin = await server.CreateSessionAsync("admin", "admin:userinfo");
        (await server.GetAsync("/users", admin.Cookie)).ShouldBe(
            200,
            """[{"username":"99digits99","name":"LDAP User","email":"ldap-user@example.com","groups":[{"name":"foo","id":2000000},"""
                + """{"name":"group-1","id":2000001},{"name":"group-2","id":2000002}]},"""
            + """{"username":"ldap-user","groups":[{"name":"group-1","id":2000001}]},"""
            + """{"username":"some-user","name":"名字","groups":[{"name":"foo","id":2000000}]},{"username":"unknown-user"}]""");
        foreach (var name in (string[])["99digits99", "ldap-user", "some-user", "unknown-user"])
            (await server.GetAsync($"/users/{name}", admin.Cookie)).StatusCode.ShouldBe(200);
        (await server.GetAsync("/users", admin.Cookie)).ShouldBe(
            200,
            """[{"username":"99digits99","name":"LDAP User","email":"ldap-user@example.com","uid":3000000,"gid":3000000"""
                + ""","groups":[{"name":"99digits99","id":3000000},{"name":"foo","id":2000000},{"name":"group-1","id":2000001},"""
                + """{"name":"group-2","id":2000002}]},"""
            + """{"username":"ldap-user","groups":[{"name":"group-1","id":2000001}]},"""
            + """{"username":"some-user","name":"名字","uid":3000001,"gid":3000001,"groups":[{"name":"foo","id":2000000},"""
            + """{"name":"some-user","id":3000001}]},{"username":"unknown-user"}]""");
    });

    [Theory, EveryMode(WithLdap = true)]
    public Task Quotas_depend_on_groups_and_an_unknown_user_has_the_default(Mode mode) => RunAsync(mode, async server =>
    {
        var admin = await server.CreateSessionAsync("admin", "admin:token,admin:userinfo");
        (await server.PutAsync(
            "/quota-overrides", """{"default":{"api":{"test":10}},"groups":{"foo":{"api":{"test":5},"notebook":{"cpu":1,"memory":2}}}}""",
            admin.WriteHeaders)).StatusCode.ShouldBe(200);
        (await server.GetAsync("/users/some-user", admin.Cookie)).ShouldBe(
            200,
            """{"username":"some-user","name":"名字","uid":3000000,"gid":3000000,"groups":[{"name":"foo","id":2000000},"""
                + """{"name":"some-user","id":3000000}]"""
            + ""","quota":{"api":{"test":15},"notebook":{"cpu":1.0,"memory":2.0}}}""");
        foreach (var name in (string[])["admin", "other-user"])
            (await server.GetAsync($"/users/{name}", admin.Cookie)).ShouldBe(
                200, $$$$"""{"username":"{{{{name}}}}","quota":{"api":{"test":10}}}""");
        // A bypass is an empty quota, which differs from no quota.
        (await server.PutAsync(
            "/quota-overrides", """{"default":{"api":{"test":10}},"bypass":["foo"]}""", admin.WriteHeaders)).StatusCode.ShouldBe(200);
        (await server.GetAsync("/users/some-user", admin.Cookie)).Json.GetProperty("quota").GetRawText().ShouldBe("{}");
    });

    [Theory, EveryMode(WithLdap = true)]
    public Task Users_get_permanent_IDs_at_first_use(Mode mode) => RunAsync(mode, async server =>
    {
        async Task<string> Of(Browser browser) => (await server.GetAsync("/user-info", browser.Cookie)).Body;
        var lineCount = server.CountLines();
        var first = await server.CreateSessionAsync("some-user");
        const string someUser =
            """{"username":"some-user","name":"名字","uid":3000000,"gid":3000000,"groups":[{"name":"foo","id":2000000},"""
                + """{"name":"some-user","id":3000000}]}""";
        (await Of(first)).ShouldBe(someUser);
        var line = server.LinesSince(lineCount, "Assigned new UID")[0];
        (line.GetProperty("user").GetString(), line.GetProperty("uid").GetInt64()).ShouldBe(("some-user", 3000000));
        server.LinesSince(lineCount, "Assigned new GID")[0].GetProperty("gid").GetInt64().ShouldBe(2000000);

        var second = await server.CreateSessionAsync("99digits99");
        (await Of(second)).ShouldBe(
            """{"username":"99digits99","name":"LDAP User","email":"ldap-user@example.com","uid":3000001,"gid":3000001"""
                + ""","groups":[{"name":"99digits99","id":3000001},{"name":"foo","id":2000000},{"name":"group-1","id":2000001},"""
                + """{"name":"group-2","id":2000002}]}""");

        // ADM-017: bots have a separate range. Forward authentication also assigns IDs. IDs in a token take precedence.
        var bot = await server.CreateSessionAsync("bot-first");
        (await server.SendAsync(
            HttpMethod.Get, "/ingress/auth", json: null,
            [("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"), bot.Cookie])).StatusCode.ShouldBe(200);
        (await Of(await server.CreateSessionAsync("bot-second"))).ShouldBe(
            """{"username":"bot-second","uid":100001,"gid":100001,"groups":[{"name":"bot-second","id":100001}]}""");
        (await Of(bot)).ShouldBe("""{"username":"bot-first","uid":100000,"gid":100000,"groups":[{"name":"bot-first","id":100000}]}""");
        (await Of(await server.LogInAsync("told", user: new() { Uid = 5, Gid = 6, Groups = [new("mine", 7)] }))).ShouldBe(
            """{"username":"told","uid":5,"gid":6,"groups":[{"name":"mine","id":7}]}""");

        // The assignment is deleted in the database; the cached ID is still used.
        await server.SqlAsync("DELETE FROM porthor_id WHERE name = 'some-user'");
        (await Of(await server.CreateSessionAsync("some-user"))).ShouldBe(someUser);
    });

    [Theory, EveryMode(WithLdap = true)]
    public Task An_exhausted_range_assigns_no_IDs(Mode mode) => RunAsync(mode, async server =>
    {
        const string refused = """{"detail":[{"msg":"Unable to get user information","type":"user_info_failed"}]}""";
        await server.SqlAsync("UPDATE porthor_id SET id = 199998 WHERE kind = 'counter' AND name = 'bot-uid'");
        (await server.GetAsync("/user-info", (await server.CreateSessionAsync("bot-last")).Cookie)).Json.GetProperty("uid").GetInt64()
            .ShouldBe(199998);
        var lineCount = server.CountLines();
        var bot = await server.CreateSessionAsync("bot-late");
        (await server.GetAsync("/user-info", bot.Cookie)).ShouldBe(500, refused);
        server.LinesSince(lineCount, "Next bot UID 199999 out of range (>= 199999)")[0].GetProperty("user").GetString()
            .ShouldBe("bot-late");
        // Users have another range, which is not exhausted.
        (await server.GetAsync("/user-info", (await server.CreateSessionAsync("timely")).Cookie)).StatusCode.ShouldBe(200);

        await server.SqlAsync("UPDATE porthor_id SET id = 2999999 WHERE kind = 'counter' AND name = 'gid'");
        (await server.GetAsync("/user-info", (await server.CreateSessionAsync("some-user")).Cookie)).ShouldBe(500, refused);
        server.LinesSince(lineCount, "Next GID 2999999 out of range (>= 2999999)")[0].GetProperty("group").GetString().ShouldBe("foo");

        await server.SqlAsync("DELETE FROM porthor_id WHERE kind = 'counter' AND name = 'uid'");
        (await server.GetAsync("/user-info", (await server.CreateSessionAsync("uncounted")).Cookie)).ShouldBe(500, refused);
        server.LinesSince(lineCount, "Firestore UID counter not found").ShouldNotBeEmpty();
        await server.Host.Core.Sql.Ids.InitializeAsync(TestContext.Current.CancellationToken);
        (await server.GetAsync("/user-info", (await server.CreateSessionAsync("counted")).Cookie)).StatusCode.ShouldBe(200);
        // Existing assignments stay valid.
        (await server.GetAsync("/user-info", bot.Cookie)).StatusCode.ShouldBe(500);
    });
}
