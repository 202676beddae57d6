using System.Text;
using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>The rules for names, scopes and lifetimes of tokens: TOK-021 to TOK-028, deviations 1, 7, 8.</summary>
public sealed partial class TokenRuleTests(ApiServers servers) : IClassFixture<ApiServers>
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
        (await SendAsync(server, browser, "application/json;", """{"token_name":"baz"}""")).StatusCode.ShouldBe(201);
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
