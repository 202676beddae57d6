using System.Text;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Api;

/// <summary>The rules for names, scopes and lifetimes of tokens: TOK-021 to TOK-028, deviations 1, 7, 8.</summary>
public sealed class TokenRuleTests(ApiServers servers) : IClassFixture<ApiServers>
{
    /// <summary>TOK-021, TOK-022.</summary>
    [Theory, EveryMode]
    public async Task A_token_name_is_unique(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("naming", "admin:token,user:token");
        var first = await server.CreateTokenAsync(browser, "taken");
        var second = await server.CreateTokenAsync(browser, "free");

        (await server.PostAsync("/users/naming/tokens", new { token_name = "taken" }, browser.WriteHeaders))
            .ShouldBeError(409, "duplicate_token_name", "Token name taken already used", "body", "token_name");
        (await server.PatchAsync(
            $"/users/naming/tokens/{second.Key}", new { token_name = "taken", scopes = (string[])["user:token"] }, browser.WriteHeaders))
            .ShouldBeError(409, "duplicate_token_name", "Token name taken already used", "body", "token_name");

        // The rejected edit changed nothing.
        var info = (await server.GetAsync($"/users/naming/tokens/{second.Key}", browser.Cookie)).Json;
        info.GetProperty("token_name").GetString().ShouldBe("free");
        info.GetProperty("scopes").GetArrayLength().ShouldBe(0);
        (await server.Host.Tokens.GetDataAsync(second))!.Scopes.IsEmpty.ShouldBeTrue();
        (await server.GetAsync($"/users/naming/tokens/{second.Key}/change-history", browser.Cookie)).Json.GetArrayLength().ShouldBe(1);

        // A token can keep its name, names are case-sensitive, and another user can use the same name.
        (await server.PatchAsync(
            $"/users/naming/tokens/{first.Key}", new { token_name = "taken" }, browser.WriteHeaders)).StatusCode.ShouldBe(200);
        await server.CreateTokenAsync(browser, "Taken");
        await server.CreateTokenAsync(await server.LogInAsync("namesake"), "taken");

        // The name of a revoked token can be used again.
        (await server.DeleteAsync($"/users/naming/tokens/{first.Key}", browser.WriteHeaders)).ShouldBeNoContent();
        await server.CreateTokenAsync(browser, "taken");
    }

    /// <summary>TOK-023, TOK-024, and the same for administrators (ADM-007).</summary>
    [Theory, EveryMode]
    public async Task The_minimum_lifetime_is_five_minutes(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("brief", "admin:token,user:token");
        var token = await server.CreateTokenAsync(browser, "to be changed");
        foreach (var expires in (long[])[-server.Now, -1, 0, server.Now, server.Now + 299])
        {
            (await server.PostAsync("/users/brief/tokens", new { token_name = "too short", expires }, browser.WriteHeaders)).ShouldBeError(
                422, "invalid_expires", "Token must be valid for at least five minutes", "body", "expires");
            (await server.PatchAsync($"/users/brief/tokens/{token.Key}", new { expires }, browser.WriteHeaders)).ShouldBeError(
                422, "invalid_expires", "Token must be valid for at least five minutes", "body", "expires");
            (await server.PostAsync(
                "/tokens", new { username = "brief", token_type = "user", token_name = "too short", expires }, server.Bootstrap))
                .ShouldBeError(422, "invalid_expires", "Token must be valid for at least five minutes", "body", "expires");
        }
        (await server.GetAsync("/users/brief/tokens", browser.Cookie)).Json.GetArrayLength().ShouldBe(2);

        // Exactly five minutes are sufficient, counted from the second of the creation.
        await server.CreateTokenAsync(browser, "long enough", expires: server.Now + 300);
        (await server.PatchAsync(
            $"/users/brief/tokens/{token.Key}", new { expires = server.Now + 300 }, browser.WriteHeaders)).StatusCode.ShouldBe(200);
    }

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

    /// <summary>TOK-028: a form, which any page can make a browser send, is rejected.</summary>
    [Theory, EveryMode]
    public async Task A_body_without_the_content_type_of_JSON_is_rejected(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("former");
        const string form = "token_name=foo&scopes=read%3Aall";
        const string json = """{"token_name":"foo"}""";
        foreach (var (type, body, input) in ((string?, string, string)[])[
            ("application/x-www-form-urlencoded", form, $"\"{form}\""),
            ("text/plain", json, """
            "{\"token_name\":\"foo\"}"
            """),
            ("text/json", json, """
            "{\"token_name\":\"foo\"}"
            """),
            ("application/jsonp", json, """
            "{\"token_name\":\"foo\"}"
            """),
            (null, json, """
            "{\"token_name\":\"foo\"}"
            """)])
        {
            (await SendAsync(server, browser, type, body)).ShouldBeInvalid(AnswerAssertions.Error(
                "model_attributes_type", "\"body\"", "Input should be a valid dictionary or object to extract fields from", input));
        }
        (await SendAsync(server, browser, "application/vnd.api+json", json)).StatusCode.ShouldBe(201);
        (await SendAsync(server, browser, "Application/JSON; charset=utf-8", """{"token_name":"bar"}""")).StatusCode.ShouldBe(201);
    }

    /// <summary>Deviations 8: a token without a record cannot be edited, not even partly.</summary>
    [Theory, EveryMode]
    public async Task A_token_whose_record_is_missing_is_not_found_and_not_changed(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("recordless", "admin:token,user:token");
        var token = await server.CreateTokenAsync(browser, "one");
        await server.DeleteRecordAsync(token.Key);

        var path = $"/users/recordless/tokens/{token.Key}";
        (await server.PatchAsync(path, new { scopes = (string[])["read:all"], token_name = "two" }, browser.WriteHeaders))
            .ShouldBeNotFound();
        var info = (await server.GetAsync(path, browser.Cookie)).Json;
        info.GetProperty("token_name").GetString().ShouldBe("one");
        info.GetProperty("scopes").GetArrayLength().ShouldBe(0);
        (await server.GetAsync($"{path}/change-history", browser.Cookie)).Json.GetArrayLength().ShouldBe(1);
    }

    private static async Task<Answer> SendAsync(ApiServer server, Browser browser, string? type, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{ApiServer.Prefix}/users/{browser.Username}/tokens");
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        if (type is not null)
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        foreach (var (name, value) in browser.WriteHeaders)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await server.Host.Client.SendAsync(request);
        return await Answer.ReadAsync(response);
    }
}
