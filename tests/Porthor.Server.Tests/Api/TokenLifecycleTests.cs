using Porthor.Identity;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Api;

/// <summary>A token from its creation to its revocation through the API: TOK-001 to TOK-011, TOK-019, TOK-020, WEAK-11.</summary>
public sealed partial class TokenLifecycleTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private const long Lifetime = 30 * 86400;
    private const long HundredDays = 100 * 86400;

    [Theory, EveryMode]
    public async Task A_user_creates_uses_and_revokes_a_token(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var example = await server.LogInAsync("example", "exec:admin,read:all,user:token");
        var created = server.Now;
        var expires = created + HundredDays;

        // TOK-001, TOK-002: the browser creates a token, and the log names both tokens.
        var lineCount = server.CountLines();
        var answer = await server.PostAsync(
            "/users/example/tokens", new { token_name = "some token", scopes = (string[])["read:all"], expires }, example.WriteHeaders);
        var token = Token.Parse(answer.Json.GetProperty("token").GetString()!);
        answer.ShouldBe(201, $$"""{"token":"{{token.Reveal()}}"}""");
        answer.Header("Location").ShouldBe($"/auth/api/v1/users/example/tokens/{token.Key}");
        server.LinesSince(lineCount, "Created new user token").ShouldHaveSingleItem().ShouldBeLogLine(
            $$$"""
            {"event":"Created new user token","severity":"info","logger":"gafaelfawr",
             {{{server.OfBrowser(example, "POST", "/users/example/tokens", """["exec:admin","read:all","user:token"]""", Lifetime - 1)}}},
             "token_key":"{{{token.Key}}}","token_expires":"{{{LogTime(expires)}}}","token_name":"some token","token_scopes":["read:all"],
             "token_userinfo":{"name":"Some User","email":"someuser@example.com","uid":1000,"gid":2000,
             "groups":[{"name":"bar","id":1000},{"name":"foo","id":1000}]}}
            """);

        // TOK-003, TOK-004: the Location header leads to the token, and the token itself gets the same data.
        var info =
            $$"""{"username":"example","token_type":"user","scopes":["read:all"],"created":{{created}},"expires":{{expires}}"""
                + $$""","token":"{{token.Key}}","token_name":"some token"}""";
        (await server.SendAsync(HttpMethod.Get, answer.Header("Location")!, headers: [example.Cookie])).ShouldBe(200, info);
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).ShouldBe(200, info);

        // TOK-005, TOK-010, WEAK-11: both tokens are listed with all fields, in the order of their keys.
        var session =
            $$"""{"username":"example","token_type":"session","scopes":["exec:admin","read:all","user:token"],"created":{{created}}"""
                + $$""","expires":{{created + Lifetime}},"token":"{{example.Key}}"}""";
        string[] both = string.CompareOrdinal(token.Key.Value, example.Key.Value) < 0 ? [info, session] : [session, info];
        (await server.GetAsync("/users/example/tokens", example.Cookie)).ShouldBe(200, $"[{string.Join(',', both)}]");
        (await server.GetAsync("/token-info", example.Cookie)).ShouldBe(200, session);

        // TOK-006: the owner cannot edit it.
        (await server.PatchAsync($"/users/example/tokens/{token.Key}", new { token_name = "mine" }, example.WriteHeaders))
            .ShouldBeError(403, "permission_denied", "Missing required admin:token scope");

        // TOK-007: an administrator can. Fractions of a second are dropped.
        var admin = await server.LogInAsync("some-admin", "admin:token");
        lineCount = server.CountLines();
        var changed = await server.PatchAsync(
            $"/users/example/tokens/{token.Key}",
            new { token_name = "happy token", scopes = (string[])["exec:admin"], expires = expires + HundredDays + 0.5 },
            admin.WriteHeaders);
        changed.ShouldBe(
            200,
            $$"""{"username":"example","token_type":"user","scopes":["exec:admin"],"created":{{created}}"""
                + $$""","expires":{{expires + HundredDays}},"token":"{{token.Key}}","token_name":"happy token"}""");
        server.LinesSince(lineCount, "Modified token").ShouldHaveSingleItem().ShouldBeLogLine(
            $$$"""
            {"event":"Modified token","severity":"info","logger":"gafaelfawr",
             {{{server.OfBrowser(admin, "PATCH", $"/users/example/tokens/{token.Key}", """["admin:token"]""", Lifetime - 1)}}},
             "token_key":"{{{token.Key}}}","token_expires":"{{{LogTime(expires + HundredDays)}}}",
             "token_name":"happy token","token_scopes":["exec:admin"]}
            """);

        // TOK-008: the owner can revoke it once.
        lineCount = server.CountLines();
        (await server.DeleteAsync($"/users/example/tokens/{token.Key}", example.WriteHeaders)).ShouldBeNoContent();
        (await server.GetAsync($"/users/example/tokens/{token.Key}", example.Cookie)).ShouldBeNotFound();
        (await server.DeleteAsync($"/users/example/tokens/{token.Key}", example.WriteHeaders)).ShouldBeNotFound();
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).ShouldBeChallenged(
            401, 401, "invalid_token", "Token is not valid");
        var request = server.OfBrowser(
            example, "DELETE", $"/users/example/tokens/{token.Key}", """["exec:admin","read:all","user:token"]""", Lifetime - 1);
        server.LinesSince(lineCount, "Deleted token").ShouldHaveSingleItem().ShouldBeLogLine(
            $$$"""
            {"event":"Deleted token","severity":"info","logger":"gafaelfawr",
             {{{request}}},
             "token_key":"{{{token.Key}}}","token_username":"example"}
            """);

        // TOK-009: its history remains.
        var later = expires + HundredDays;
        (await server.GetAsync($"/users/example/tokens/{token.Key}/change-history", example.Cookie)).ShouldBe(
            200,
            $$"""[{"token":"{{token.Key}}","username":"example","token_type":"user","token_name":"happy token","scopes":["exec:admin"]"""
                + $$""","expires":{{later}},"actor":"example","action":"revoke","ip_address":"127.0.0.1","event_time":{{created}}},"""
            + $$"""{"token":"{{token.Key}}","username":"example","token_type":"user","token_name":"happy token","scopes":["exec:admin"]"""
            + $$""","expires":{{later}},"actor":"some-admin","action":"edit","old_token_name":"some token","old_scopes":["read:all"]"""
            + $$""","old_expires":{{expires}},"ip_address":"127.0.0.1","event_time":{{created}}},"""
            + $$"""{"token":"{{token.Key}}","username":"example","token_type":"user","token_name":"some token","scopes":["read:all"]"""
            + $$""","expires":{{expires}},"actor":"example","action":"create","ip_address":"127.0.0.1","event_time":{{created}}}]""");
    }

    /// <summary>TOK-011.</summary>
    [Theory, EveryMode]
    public async Task A_token_has_the_user_data_of_the_session_that_created_it(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("known", user: new UserData
        {
            Name = "Zoë Example",
            Email = "zoe@example.com",
            Uid = 1,
            Gid = long.MaxValue,
            Groups = [new Group("zoo", 3), new Group("ant", -4)],
        });
        var token = await server.CreateTokenAsync(browser, "one");
        const string user =
            """{"username":"known","name":"Zoë Example","email":"zoe@example.com","uid":1,"gid":9223372036854775807"""
                + ""","groups":[{"name":"ant","id":-4},{"name":"zoo","id":3}]}""";
        (await server.GetAsync("/user-info", browser.Cookie)).ShouldBe(200, user);
        (await server.GetAsync("/user-info", TestServer.Bearer(token))).ShouldBe(200, user);
    }

    private static string LogTime(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds).ToLogText();
}
