using Porthor.Identity;
using Porthor.Quotas;
using Porthor.Server.Configuration;
using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>The quota of a user in user-info: QUO-001 to QUO-007, QUO-009.</summary>
public sealed class UserQuotaTests(UserQuotaTests.QuotaServers servers) : IClassFixture<UserQuotaTests.QuotaServers>
{
    private const long GiB = 1L << 30;

    /// <summary>The configuration of the QUO scenarios.</summary>
    public sealed class QuotaServers : ApiServers
    {
        internal override PorthorSettings Configure(PorthorSettings settings) => settings with
        {
            Quota = new QuotaPlan
            {
                Default = new Quota
                {
                    Api = new Dictionary<string, long> { ["datalinker"] = 1000, ["test"] = 1, ["other"] = 2 },
                    Disk = new Dictionary<string, long> { ["/home"] = 30 * GiB },
                    Notebook = new NotebookQuota(8, 4),
                    Tap = new Dictionary<string, TapQuota> { ["qserv"] = new(10) },
                },
                Groups = new Dictionary<string, Quota>
                {
                    ["foo"] = new()
                    {
                        Api = new Dictionary<string, long> { ["test"] = 1 },
                        Disk = new Dictionary<string, long> { ["/home"] = 10 * GiB },
                        Notebook = new NotebookQuota(0, 4),
                        Tap = new Dictionary<string, TapQuota> { ["qserv"] = new(5), ["sso"] = new(5) },
                    },
                    ["blocked"] = new() { Notebook = new NotebookQuota(0, 0, Spawn: false) },
                },
                Bypass = ["admin"],
            },
        };
    }

    [Theory, EveryMode]
    public async Task Quotas_follow_groups_and_overrides(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var foo = await LogInWithGroupsAsync(server, "foo");
        const string defaults =
            """{"api":{"datalinker":1000,"test":1,"other":2},"disk":{"/home":32212254720},"notebook":{"cpu":8.0,"memory":4.0"""
                + ""","spawn":true},"tap":{"qserv":{"concurrent":10}}}""";
        const string fooQuota =
            """{"api":{"datalinker":1000,"test":2,"other":2},"disk":{"/home":42949672960},"notebook":{"cpu":8.0,"memory":8.0"""
                + ""","spawn":true},"tap":{"qserv":{"concurrent":15},"sso":{"concurrent":5}}}""";
        const string nothing = """{"api":{},"disk":{},"tap":{}}""";

        // QUO-001, QUO-002, QUO-003, and a user with a bypass.
        (await QuotaOfAsync(server, await LogInWithGroupsAsync(server, "bar"))).ShouldBe(defaults);
        (await QuotaOfAsync(server, await LogInWithGroupsAsync(server))).ShouldBe(defaults);
        (await QuotaOfAsync(server, foo)).ShouldBe(fooQuota);
        (await QuotaOfAsync(server, await LogInWithGroupsAsync(server, "blocked", "bar"))).ShouldBe(
            defaults.Replace("\"spawn\":true", "\"spawn\":false", StringComparison.Ordinal));
        var admin = await LogInWithGroupsAsync(server, "admin", "foo");
        (await QuotaOfAsync(server, admin)).ShouldBe(nothing);

        // QUO-004: API and disk quotas are replaced key by key.
        await OverrideAsync(server, """{"default":{"api":{"test":10},"disk":{"/shared":1048576}}}""");
        (await QuotaOfAsync(server, foo)).ShouldBe(
            """{"api":{"datalinker":1000,"test":10,"other":2},"disk":{"/home":42949672960,"/shared":1048576},"notebook":{"cpu":8.0"""
                + ""","memory":8.0,"spawn":true},"tap":{"qserv":{"concurrent":15},"sso":{"concurrent":5}}}""");
        // Overrides can set limits for a user with a bypass.
        (await QuotaOfAsync(server, admin)).ShouldBe("""{"api":{"test":10},"disk":{"/shared":1048576},"tap":{}}""");

        // QUO-005: notebook and TAP quotas are replaced completely.
        await OverrideAsync(server,
            """{"default":{"api":{"test":10},"disk":{"/shared":1048576},"notebook":{"cpu":1,"memory":1,"spawn":false}"""
                + ""","tap":{"qserv":{"concurrent":1}}}}""");
        (await QuotaOfAsync(server, foo)).ShouldBe(
            """{"api":{"datalinker":1000,"test":10,"other":2},"disk":{"/home":42949672960,"/shared":1048576},"notebook":{"cpu":1.0"""
                + ""","memory":1.0,"spawn":false},"tap":{"qserv":{"concurrent":1}}}""");

        // QUO-006
        await OverrideAsync(server, """{"bypass":["foo"],"default":{"api":{"test":10}}}""");
        (await QuotaOfAsync(server, foo)).ShouldBe(nothing);

        // QUO-009
        await OverrideAsync(server, """{"groups":{"foo":{"api":{"test":10}}}}""");
        (await QuotaOfAsync(server, foo)).ShouldBe(fooQuota.Replace("\"test\":2", "\"test\":10", StringComparison.Ordinal));
        (await QuotaOfAsync(server, await LogInWithGroupsAsync(server, "bar"))).ShouldBe(defaults);

        // Overrides without values change nothing.
        await OverrideAsync(server, "{}");
        (await QuotaOfAsync(server, foo)).ShouldBe(fooQuota);

        // QUO-007
        (await server.DeleteAsync("/quota-overrides", server.Bootstrap)).ShouldBeNoContent();
        (await QuotaOfAsync(server, foo)).ShouldBe(fooQuota);
    }

    internal static async Task<Browser> LogInWithGroupsAsync(ApiServer server, params string[] groups) => await server.LogInAsync(
        $"of-{string.Join('-', groups.DefaultIfEmpty("none"))}",
        user: new UserData { Groups = [.. groups.Select((name, index) => new Group(name, index))] });

    internal static async Task OverrideAsync(ApiServer server, string json) =>
        (await server.PutAsync("/quota-overrides", json, server.Bootstrap)).StatusCode.ShouldBe(200);

    /// <summary>Returns the quota in user-info; null if there is none.</summary>
    internal static async Task<string?> QuotaOfAsync(ApiServer server, Browser browser) =>
        (await server.GetAsync("/user-info", browser.Cookie)).Json.TryGetProperty("quota", out var quota) ? quota.GetRawText() : null;
}

/// <summary>QUO-008: without configured quotas only the overrides apply.</summary>
public sealed class OverrideOnlyQuotaTests(ApiServers servers) : IClassFixture<ApiServers>
{
    [Theory, EveryMode]
    public async Task Overrides_alone_define_a_quota(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var user = await UserQuotaTests.LogInWithGroupsAsync(server, "foo");
        (await server.GetAsync("/user-info", user.Cookie)).ShouldBe(200, """{"username":"of-foo","groups":[{"name":"foo","id":0}]}""");

        await UserQuotaTests.OverrideAsync(server, """{"default":{"api":{"test":10}}}""");
        (await server.GetAsync("/user-info", user.Cookie))
            .ShouldBe(200, """{"username":"of-foo","groups":[{"name":"foo","id":0}],"quota":{"api":{"test":10},"disk":{},"tap":{}}}""");

        // Overrides for other groups, and a bypass.
        await UserQuotaTests.OverrideAsync(server, """{"groups":{"bar":{"api":{"test":10}}}}""");
        (await UserQuotaTests.QuotaOfAsync(server, user)).ShouldBeNull();
        await UserQuotaTests.OverrideAsync(server, """{"bypass":["foo"]}""");
        (await UserQuotaTests.QuotaOfAsync(server, user)).ShouldBe("""{"api":{},"disk":{},"tap":{}}""");

        // Unreadable overrides are ignored.
        var lineCount = server.CountLines();
        await server.ReplaceOverridesAsync("""{"default":{"api":{"x":1},"surprise":1}}""");
        (await UserQuotaTests.QuotaOfAsync(server, user)).ShouldBeNull();
        (await server.GetAsync("/quota-overrides", user.Cookie)).ShouldBe(
            404, """{"detail":[{"type":"not_found","msg":"No quota overrides set"}]}""");
        (await server.DeleteAsync("/quota-overrides", server.Bootstrap)).StatusCode.ShouldBe(204);
        var line = server.LinesSince(lineCount, "Cannot retrieve quota overrides")[0];
        line.GetProperty("severity").GetString().ShouldBe("error");
        line.GetProperty("error").GetString().ShouldNotBeNullOrEmpty();
        // New overrides replace the unreadable ones.
        await UserQuotaTests.OverrideAsync(server, """{"default":{"api":{"test":10}}}""");
        (await server.DeleteAsync("/quota-overrides", server.Bootstrap)).ShouldBeNoContent();
    }
}
