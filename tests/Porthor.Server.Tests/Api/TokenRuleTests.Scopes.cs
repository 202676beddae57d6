using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Api;

public sealed partial class TokenRuleTests
{
    /// <summary>
    /// A value that cannot be the name of a scope is an unknown scope. It is reported after all other checks (contract/api.md 3.3).
    /// </summary>
    [Theory, EveryMode]
    public async Task An_element_that_is_not_text_is_an_unknown_scope(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("odd-scopes", "user:token,read:all");
        var path = "/users/odd-scopes/tokens";
        var admin = TestServer.Bearer((await server.LogInAsync("odd-boss", "admin:token")).Session);
        var token = await server.CreateTokenAsync(browser, "plain", "read:all");
        foreach (var scopes in (string[])["[1]", "[true,\"read:all\"]", "[null]", "[0.5]", "[\"read:all\",\"\"]", "[\"read:all\\u0000\"]",
            "[\"\\ud83d\"]", "\"\\ud83d\"", "\"read:all,\"", "\" read:all\""])
        {
            var fields = $"\"scopes\":{scopes}}}";
            (await server.PostAsync(path, "{\"token_name\":\"odd\"," + fields, browser.WriteHeaders))
                .ShouldBeScopeError("Requested scopes are broader than your current scopes");
            (await server.PostAsync("/tokens", "{\"username\":\"bot-odd\",\"token_type\":\"service\"," + fields, server.Bootstrap))
                .ShouldBeScopeError("Unknown scopes requested");
            (await server.PatchAsync($"{path}/{token.Key}", "{" + fields, admin))
                .ShouldBeScopeError("Unknown scopes requested");
            // The permission is checked first.
            (await server.PostAsync(
                "/users/somebody-else/tokens", "{\"token_name\":\"odd\"," + fields, browser.WriteHeaders)).StatusCode.ShouldBe(403);
        }
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).Json.GetProperty("scopes").ToString().ShouldBe("""["read:all"]""");
    }

    /// <summary>TOK-025, TOK-026.</summary>
    [Theory, EveryMode]
    public async Task Users_can_grant_only_known_scopes_that_they_have(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("giver", "bogus:scope,exec:admin,other:scope,read:all,user:token");
        Task<Answer> CreateAsync(string name, params string[] scopes) =>
            server.PostAsync("/users/giver/tokens", new { token_name = name, scopes }, browser.WriteHeaders);

        // The scope is unknown; is unknown although the session has it; or is known, but the session does not have it.
        (await CreateAsync("unknown", "invalid:scope")).ShouldBeScopeError("Requested scopes are broader than your current scopes");
        (await CreateAsync("held", "bogus:scope")).ShouldBeScopeError("Unknown scopes requested");
        (await CreateAsync("mixed", "read:all", "other:scope")).ShouldBeScopeError("Unknown scopes requested");
        (await CreateAsync("broader", "read:some")).ShouldBeScopeError("Requested scopes are broader than your current scopes");
        (await CreateAsync("empty name", "")).ShouldBeScopeError("Requested scopes are broader than your current scopes");
        (await CreateAsync("two in one", "read:all,exec:admin"))
            .ShouldBeScopeError("Requested scopes are broader than your current scopes");
        (await server.GetAsync("/users/giver/tokens", browser.Cookie)).Json.GetArrayLength().ShouldBe(1);

        // All known scopes that the session has, in any order and repeated.
        var answer = await CreateAsync("all", "user:token", "exec:admin", "read:all", "exec:admin");
        answer.StatusCode.ShouldBe(201);
        var token = Token.Parse(answer.Json.GetProperty("token").GetString()!);
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).Json.GetProperty("scopes").GetRawText()
            .ShouldBe("""["exec:admin","read:all","user:token"]""");

        // The older format: one text with commas.
        var text = await server.PostAsync(
            "/users/giver/tokens", new { token_name = "text", scopes = "read:all,user:token" }, browser.WriteHeaders);
        token = Token.Parse(text.Json.GetProperty("token").GetString()!);
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).Json.GetProperty("scopes").GetRawText()
            .ShouldBe("""["read:all","user:token"]""");
    }

    /// <summary>TOK-027; deviations 1: an empty list removes all scopes; null or an absent field changes nothing.</summary>
    [Theory, EveryMode]
    public async Task A_change_of_scopes_changes_the_permissions_of_the_token(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("changing", "admin:token,user:token");
        var token = await server.CreateTokenAsync(browser, "one", "user:token");
        var path = $"/users/changing/tokens/{token.Key}";
        async Task<string> Scopes(object edit)
        {
            (await server.PatchAsync(path, edit, browser.WriteHeaders)).StatusCode.ShouldBe(200);
            var shown = (await server.GetAsync("/token-info", TestServer.Bearer(token))).Json.GetProperty("scopes").GetRawText();
            (await server.Host.Tokens.GetDataAsync(token))!.Scopes.Text.ShouldBe(
                string.Join(',', System.Text.Json.JsonSerializer.Deserialize<string[]>(shown)!));
            return shown;
        }

        (await server.PatchAsync(path, new { scopes = (string[])["read:all", "bogus:scope"] }, browser.WriteHeaders))
            .ShouldBeScopeError("Unknown scopes requested");
        (await Scopes(new { })).ShouldBe("""["user:token"]""");
        (await Scopes(new { scopes = (string[]?)null })).ShouldBe("""["user:token"]""");
        (await Scopes(new { scopes = (string[])["read:all", "exec:admin"] })).ShouldBe("""["exec:admin","read:all"]""");
        (await Scopes(new { scopes = Array.Empty<string>() })).ShouldBe("[]");
        (await Scopes(new { scopes = "read:some" })).ShouldBe("""["read:some"]""");
        (await Scopes(new { scopes = "" })).ShouldBe("[]");
    }
}
