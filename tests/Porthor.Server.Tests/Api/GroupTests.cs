using Porthor.Identity;
using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>GMS-001 to GMS-004, and the directory routes without a directory (contract/userinfo.md 8, api.md 5.1, 5.9).</summary>
public sealed class GroupTests(ApiServers servers) : IClassFixture<ApiServers>
{
    [Theory, EveryMode]
    public async Task Groups_are_returned_one_per_line(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("grouped", user: UserData.None with { Groups = [new("foobar", 2), new("foo", 1)] });
        foreach (var header in ((string, string)[])[browser.Cookie, TestServer.Bearer(browser.Session)])
        {
            async Task<Answer> Groups(string query) => await server.SendAsync(HttpMethod.Get, "/auth/gms" + query, json: null, header);
            var all = await Groups("");
            (all.StatusCode, all.Body, all.Header("Content-Type")).ShouldBe((200, "foo\r\nfoobar\r\n", "text/plain; charset=utf-8"));
            DateTimeOffset.Parse(all.Header("Expires")!, System.Globalization.CultureInfo.InvariantCulture)
                .ShouldBe(DateTimeOffset.FromUnixTimeSeconds(server.Now + 300));
            (await Groups("?group=foo&group=foobar")).Body.ShouldBe("foo\r\nfoobar\r\n");
            (await Groups("?group=foo&group=bar")).Body.ShouldBe("foo\r\n");
            var none = await Groups("?group=bar");
            (none.StatusCode, none.Body).ShouldBe((200, ""));
        }
    }

    [Theory, EveryMode]
    public async Task A_user_without_groups_gets_no_line_and_an_unknown_user_is_denied(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("groupless", user: UserData.None);
        foreach (var query in (string[])["", "?group=foo"])
        {
            var answer = await server.SendAsync(HttpMethod.Get, "/auth/gms" + query, json: null, browser.Cookie);
            (answer.StatusCode, answer.Body).ShouldBe((200, ""));
        }
        (await server.SendAsync(HttpMethod.Get, "/auth/gms")).StatusCode.ShouldBe(401);
    }

    [Theory, EveryMode]
    public async Task Without_a_directory_lookups_are_not_found(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("curious", "admin:userinfo");
        foreach (var path in (string[])["/users", "/users/curious", "/groups"])
        {
            (await server.GetAsync(path, browser.Cookie)).ShouldBe(
                404, """{"detail":[{"msg":"No external user information source configured","type":"not_supported"}]}""");
            (await server.GetAsync(path)).StatusCode.ShouldBe(401);
        }
    }
}
