using System.Net;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Api;

/// <summary>The exact history entries of each change to each type of token: HIS-001, HIS-011, HIS-015.</summary>
public sealed class HistoryContentTests
{
    private const long Month = 30 * 86400;

    [Theory, EveryMode]
    public async Task History_contains_all_changes(Mode mode)
    {
        await using var server = await ApiServer.StartAsync(mode);
        List<string> expected = [];
        long Tick()
        {
            server.Clock.Advance(TimeSpan.FromSeconds(1));
            return server.Now;
        }

        // A session, an internal token for a service, and an internal token that the service created with it.
        var begun = server.Now;
        var session = await server.Host.Tokens.SessionForAsync(
            "one", "exec:admin,read:all,user:token", address: IPAddress.Parse("2001:db8::5"));
        var (s, end) = (session.Record.Token.Key, begun + Month);
        expected.Add(
            $$"""{"token":"{{s}}","username":"one","token_type":"session","scopes":["exec:admin","read:all","user:token"]"""
                + $$""","expires":{{end}},"actor":"one","action":"create","ip_address":"2001:db8::5","event_time":{{begun}}}""");

        var now = Tick();
        var portal = await server.Host.Tokens.GetInternalTokenAsync(session, "portal", ScopeSet.Of("read:all", "exec:admin"));
        expected.Add(
            $$"""{"token":"{{portal.Key}}","username":"one","token_type":"internal","parent":"{{s}}","scopes":["exec:admin","read:all"]"""
                + $$""","service":"portal","expires":{{end}},"actor":"one","action":"create","ip_address":"2001:db8::"""
                + $$"""5","event_time":{{now}}}""");

        now = Tick();
        var tap = await server.Host.Tokens.GetInternalTokenAsync(
            await server.Host.Tokens.CallerAsync(portal), "tap", ScopeSet.Of("read:all"));
        expected.Add(
            $$"""{"token":"{{tap.Key}}","username":"one","token_type":"internal","parent":"{{portal.Key}}","scopes":["read:all"]"""
                + $$""","service":"tap","expires":{{end}}"""
                + $$""","actor":"one","action":"create","ip_address":"192.0.2.7","event_time":{{now}}}""");

        // A user token and its notebook token.
        now = Tick();
        var userToken = await server.Host.Tokens.CreateUserTokenAsync(
            session, "one", new UserTokenRequest("naïve \"name\"", ScopeSet.Of("user:token"), Expires: null));
        var u = userToken.Key;
        expected.Add(
            $$"""{"token":"{{u}}","username":"one","token_type":"user","token_name":"naïve \"name\"","scopes":["user:token"]"""
                + $$""","expires":null,"actor":"one","action":"create","ip_address":"2001:db8::5","event_time":{{now}}}""");

        now = Tick();
        var notebook = await server.Host.Tokens.GetNotebookTokenAsync(await server.Host.Tokens.CallerAsync(userToken));
        var n = notebook.Key;
        var notebookEnd = now + Month;
        expected.Add(
            $$"""{"token":"{{n}}","username":"one","token_type":"notebook","parent":"{{u}}","scopes":["user:token"]"""
                + $$""","expires":{{notebookEnd}},"actor":"one","action":"create","ip_address":"192.0.2.7","event_time":{{now}}}""");

        // A service token, created with the bootstrap token.
        now = Tick();
        var answer = await server.PostAsync(
            "/tokens", new { username = "bot-robot", token_type = "service", scopes = (string[])["admin:token"], expires = now + 600 },
            server.Bootstrap);
        var service = Token.Parse(answer.Json.GetProperty("token").GetString()!);
        var serviceEnd = now + 600;
        expected.Add(
            $$"""{"token":"{{service.Key}}","username":"bot-robot","token_type":"service","scopes":["admin:token"]"""
                + $$""","expires":{{serviceEnd}},"actor":"<bootstrap>","action":"create","ip_address":"127.0.0.1","event_time":{{now}}}""");

        // The service edits the user token: without a change; its name; its scopes and expiration, which also reduces the notebook token;
        // and no expiration.
        var bot = TestServer.Bearer(service);
        now = Tick();
        (await server.PatchAsync($"/users/one/tokens/{u}", new { }, bot)).StatusCode.ShouldBe(200);
        expected.Add(
            $$"""{"token":"{{u}}","username":"one","token_type":"user","token_name":"naïve \"name\"","scopes":["user:token"]"""
                + $$""","expires":null,"actor":"bot-robot","action":"edit","ip_address":"127.0.0.1","event_time":{{now}}}""");

        now = Tick();
        (await server.PatchAsync($"/users/one/tokens/{u}", new { token_name = "plain" }, bot)).StatusCode.ShouldBe(200);
        expected.Add(
            $$"""
            {"token":"{{u}}","username":"one","token_type":"user","token_name":"plain","scopes":["user:token"],"expires":null,
            "actor":"bot-robot","action":"edit","old_token_name":"naïve \"name\"","ip_address":"127.0.0.1","event_time":{{now}}}
            """.ReplaceLineEndings(""));

        now = Tick();
        var newEnd = now + 3600;
        (await server.PatchAsync(
            $"/users/one/tokens/{u}", new { scopes = (string[])["read:all"], expires = newEnd }, bot)).StatusCode.ShouldBe(200);
        expected.Add(
            $$"""{"token":"{{u}}","username":"one","token_type":"user","token_name":"plain","scopes":["read:all"],"expires":{{newEnd}}"""
                + $$""","actor":"bot-robot","action":"edit","old_scopes":["user:token"],"old_expires":null"""
                + $$""","ip_address":"127.0.0.1","event_time":{{now}}}""");
        expected.Add(
            $$"""{"token":"{{n}}","username":"one","token_type":"notebook","parent":"{{u}}","scopes":[],"expires":{{newEnd}}"""
                + $$""","actor":"bot-robot","action":"edit","old_scopes":["user:token"],"old_expires":{{notebookEnd}}"""
                + $$""","ip_address":"127.0.0.1","event_time":{{now}}}""");

        // An edit of another field also contains the expiration.
        now = Tick();
        (await server.PatchAsync($"/users/one/tokens/{u}", new { scopes = Array.Empty<string>() }, bot)).StatusCode.ShouldBe(200);
        expected.Add(
            $$"""{"token":"{{u}}","username":"one","token_type":"user","token_name":"plain","scopes":[],"expires":{{newEnd}}"""
                + $$""","actor":"bot-robot","action":"edit","old_scopes":["read:all"],"old_expires":null"""
                + $$""","ip_address":"127.0.0.1","event_time":{{now}}}""");

        now = Tick();
        (await server.PatchAsync(
            $"/users/one/tokens/{u}", new { expires = (long?)null, scopes = (string[])["exec:admin"] }, bot)).StatusCode.ShouldBe(200);
        expected.Add(
            $$"""{"token":"{{u}}","username":"one","token_type":"user","token_name":"plain","scopes":["exec:admin"],"expires":null"""
                + $$""","actor":"bot-robot","action":"edit","old_scopes":[],"old_expires":{{newEnd}}"""
                + $$""","ip_address":"127.0.0.1","event_time":{{now}}}""");

        // The revocation of the session revokes its descendants, but not the user token.
        now = Tick();
        (await server.DeleteAsync($"/users/one/tokens/{s}", bot)).ShouldBeNoContent();
        expected.Add(
            $$"""{"token":"{{tap.Key}}","username":"one","token_type":"internal","parent":"{{portal.Key}}","scopes":["read:all"]"""
                + $$""","service":"tap","expires":{{end}}"""
                + $$""","actor":"bot-robot","action":"revoke","ip_address":"127.0.0.1","event_time":{{now}}}""");
        expected.Add(
            $$"""{"token":"{{portal.Key}}","username":"one","token_type":"internal","parent":"{{s}}","scopes":["exec:admin","read:all"]"""
                + $$""","service":"portal","expires":{{end}}"""
                + $$""","actor":"bot-robot","action":"revoke","ip_address":"127.0.0.1","event_time":{{now}}}""");
        expected.Add(
            $$"""{"token":"{{s}}","username":"one","token_type":"session","scopes":["exec:admin","read:all","user:token"]"""
                + $$""","expires":{{end}},"actor":"bot-robot","action":"revoke","ip_address":"127.0.0.1","event_time":{{now}}}""");
        foreach (var token in (Token[])[tap, portal, session.Record.Token])
            (await server.GetAsync("/token-info", TestServer.Bearer(token))).StatusCode.ShouldBe(401);
        (await server.GetAsync("/token-info", TestServer.Bearer(userToken))).StatusCode.ShouldBe(200);

        // Expired tokens are removed without an actor.
        server.Clock.Advance(TimeSpan.FromSeconds(serviceEnd - now));
        await server.Host.Maintenance.ExpireTokensAsync();
        expected.Add(
            $$"""{"token":"{{service.Key}}","username":"bot-robot","token_type":"service","scopes":["admin:token"]"""
                + $$""","expires":{{serviceEnd}},"actor":"<internal>","action":"expire","ip_address":null,"event_time":{{serviceEnd}}}""");

        // HIS-001: the complete history, newest first, without paging headers.
        expected.Reverse();
        var all = await server.GetAsync("/history/token-changes", server.Bootstrap);
        Lines(all.Body).ShouldBe(expected);
        all.Header("Content-Type").ShouldBe("application/json");
        all.Headers.Keys.ShouldNotContain("Link");
        all.Headers.Keys.ShouldNotContain("X-Total-Count");

        // HIS-011: users see the changes of their tokens by any actor. The history of a token includes its direct children.
        var one = TestServer.Bearer((await server.LogInAsync("one")).Session);
        var own = Lines((await server.GetAsync($"/users/one/token-change-history?until={serviceEnd - 1}", one)).Body);
        own.ShouldBe(expected.Where(line => line.Contains("\"username\":\"one\"", StringComparison.Ordinal)));
        Lines((await server.GetAsync($"/users/one/tokens/{portal.Key}/change-history", one)).Body)
            .ShouldBe(expected.Where(line => line.Contains(portal.Key.Value, StringComparison.Ordinal)));
        Lines((await server.GetAsync($"/users/one/tokens/{s}/change-history", one)).Body)
            .ShouldBe(expected.Where(line => line.Contains($"\"{s}\"", StringComparison.Ordinal)));
        server.LeakDetector.Leaks().ShouldBeEmpty();
    }

    /// <summary>HIS-011: for a user without history the list is empty. A token without history does not exist.</summary>
    [Theory, EveryMode]
    public async Task Without_history_a_user_gets_an_empty_list_and_a_token_is_not_found(Mode mode)
    {
        await using var server = await ApiServer.StartAsync(mode);
        (await server.GetAsync("/history/token-changes", server.Bootstrap)).ShouldBe(200, "[]");
        var page = await server.GetAsync("/history/token-changes?limit=10", server.Bootstrap);
        page.ShouldBe(200, "[]");
        page.Header("X-Total-Count").ShouldBe("0");
        page.Header("Link").ShouldBe($"<{server.Host.Url}auth/api/v1/history/token-changes?limit=10>; rel=\"first\"");

        var admin = await server.LogInAsync("admin-user", "admin:token");
        (await server.GetAsync("/users/nobody/token-change-history", admin.Cookie)).ShouldBe(200, "[]");
        (await server.GetAsync($"/users/nobody/tokens/{admin.Key}/change-history", admin.Cookie)).ShouldBeNotFound();
    }

    /// <summary>Returns the entries of a response, one on each line, so that a failed assertion shows the difference.</summary>
    private static string[] Lines(string body)
    {
        body[0].ShouldBe('[');
        body[^1].ShouldBe(']');
        return body[1..^1].Replace("},{", "}\n{", StringComparison.Ordinal).Split('\n');
    }
}
