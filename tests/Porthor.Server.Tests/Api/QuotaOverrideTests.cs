using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>Quota overrides, which administrators set at run time: QUO-008, QUO-010, QUO-011, contract/api.md 5.5.</summary>
public sealed class QuotaOverrideTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private const string Path = "/quota-overrides";
    private const string NoneSet = """{"detail":[{"type":"not_found","msg":"No quota overrides set"}]}""";

    /// <summary>Unreadable overrides limit no user, and an administrator must be able to delete or replace them.</summary>
    [Theory, EveryMode]
    public async Task Damaged_overrides_are_deleted_and_replaced(Mode mode)
    {
        await using var server = await ApiServer.StartAsync(mode);
        foreach (var damage in (string[])[
            "", "not JSON", "{\"default\":", "[]", "null", "{\"unknown\":1}", "{\"default\":{\"api\":{\"x\":1e99}}}"])
        {
            foreach (var replace in (bool[])[false, true])
            {
                (await server.PutAsync(Path, new { }, server.Bootstrap)).StatusCode.ShouldBe(200);
                await server.ReplaceOverridesAsync(damage);
                (await server.GetAsync(Path, server.Bootstrap)).StatusCode.ShouldBe(401, "the bootstrap token reads nothing");
                if (replace)
                    (await server.PutAsync(Path, new { bypass = (string[])["x"] }, server.Bootstrap)).StatusCode.ShouldBe(200, damage);
                (await server.DeleteAsync(Path, server.Bootstrap)).ShouldBeNoContent();
                (await server.DeleteAsync(Path, server.Bootstrap)).ShouldBe(404, NoneSet);
            }
        }
        if (mode != Mode.Cluster)
            return;
        // Redis can contain a value of another type under the key.
        await server.PushOverridesAsync("a list");
        var browser = await server.LogInAsync("reader");
        (await server.GetAsync(Path, browser.Cookie)).ShouldBe(404, NoneSet);
        (await server.DeleteAsync(Path, server.Bootstrap)).ShouldBeNoContent();
        (await server.DeleteAsync(Path, server.Bootstrap)).ShouldBe(404, NoneSet);
    }

    [Theory, EveryMode]
    public async Task Overrides_are_set_read_replaced_and_deleted(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var admin = await server.LogInAsync("quota-admin", "admin:token");
        var reader = await server.LogInAsync("quota-reader", "read:all");

        // QUO-010: no overrides exist, for any caller.
        foreach (var browser in (Browser[])[admin, reader])
            (await server.GetAsync(Path, browser.Cookie)).ShouldBe(404, NoneSet);
        (await server.DeleteAsync(Path, admin.WriteHeaders)).ShouldBe(404, NoneSet);

        // QUO-011: a user without admin:token cannot change them.
        (await server.PutAsync(Path, new { }, reader.WriteHeaders)).ShouldBeError(
            403, "permission_denied", "Token does not have required scope admin:token");
        (await server.DeleteAsync(Path, reader.WriteHeaders)).ShouldBeError(
            403, "permission_denied", "Token does not have required scope admin:token");

        // The stored overrides have all fields, except for the missing notebook.
        var lineCount = server.CountLines();
        const string some = """{"default":{"api":{"test":10},"disk":{},"tap":{}},"groups":{},"bypass":[]}""";
        (await server.PutAsync(Path, """{"default": {"api": {"test": 10}}}""", admin.WriteHeaders)).ShouldBe(200, some);
        (await server.GetAsync(Path, reader.Cookie)).ShouldBe(200, some);
        server.LinesSince(lineCount, "Updated quota overrides").ShouldHaveSingleItem().ShouldBeLogLine(
            $$$"""
            {"event":"Updated quota overrides","severity":"info","logger":"gafaelfawr",
             {{{server.OfBrowser(admin, "PUT", Path, """["admin:token"]""", (30 * 86400) - 1)}}},
             "quota_overrides":{"default":{"api":{"test":10},"disk":{},"notebook":null,"tap":{}},"groups":{},"bypass":[]}}
            """);

        // New overrides replace the old ones completely. Numbers are accepted in all formats.
        const string sent =
            """
            {"default":{"api":{"ü":"0","b":-5,"a":1.0},"disk":{"/home":1099511627776},
            "notebook":{"cpu":"0.5","memory":4},"tap":{"qserv":{"concurrent":true}}},
            "groups":{"g-roup":{"notebook":{"cpu":1e1,"memory":2.5,"spawn":"off"}},"none":{}},"bypass":["x","x"]}
            """;
        const string all =
            """{"default":{"api":{"ü":0,"b":-5,"a":1},"disk":{"/home":1099511627776},"notebook":{"cpu":0.5,"memory":4.0,"spawn":true}"""
                + ""","tap":{"qserv":{"concurrent":1}}},"groups":{"g-roup":{"api":{},"disk":{},"notebook":{"cpu":10.0,"memory":2.5"""
                + ""","spawn":false},"tap":{}},"none":{"api":{},"disk":{},"tap":{}}},"bypass":["x"]}""";
        (await server.PutAsync(Path, sent, server.Bootstrap)).ShouldBe(200, all);
        (await server.GetAsync(Path, admin.Cookie)).ShouldBe(200, all);

        // Invalid overrides change nothing.
        (await server.PutAsync(Path, """{"default":{"api":{"test":"many"}}}""", admin.WriteHeaders)).StatusCode.ShouldBe(422);
        (await server.GetAsync(Path, admin.Cookie)).ShouldBe(200, all);

        lineCount = server.CountLines();
        (await server.DeleteAsync(Path, server.Bootstrap)).ShouldBeNoContent();
        server.LinesSince(lineCount, "Deleted quota overrides").ShouldHaveSingleItem().GetProperty("user").GetString()
            .ShouldBe("<bootstrap>");
        (await server.GetAsync(Path, reader.Cookie)).ShouldBe(404, NoneSet);
        (await server.DeleteAsync(Path, server.Bootstrap)).ShouldBe(404, NoneSet);
    }
}
