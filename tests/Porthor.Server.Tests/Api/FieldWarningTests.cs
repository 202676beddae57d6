using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>A field that no route reads is accepted, and the response contains a warning.</summary>
public sealed class FieldWarningTests(ApiServers servers) : IClassFixture<ApiServers>
{
    [Theory, EveryMode]
    public async Task Unknown_fields_give_a_warning(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("sloppy", "admin:token,user:token,read:all");
        const string path = "/users/sloppy/tokens";
        var created = await server.PostAsync(path, """{"token_name":"one","scope":["read:all"]}""", browser.WriteHeaders);
        created.StatusCode.ShouldBe(201);
        created.Header("Warning").ShouldBe("299 - \"Unknown field: scope. Did you mean scopes?\"");
        var admin = await server.PostAsync(
            "/tokens",
            """{"username":"sloppy","token_type":"user","tokenname":"two","token_name":"two","groups":[{"name":"g","id":1,"gid":2}]}""",
            server.Bootstrap);
        admin.StatusCode.ShouldBe(201);
        admin.Headers["Warning"].ShouldBe(
            ["299 - \"Unknown field: tokenname. Did you mean token_name?\"", "299 - \"Unknown field: groups.0.gid. Did you mean id?\""]);
        var key = created.Header("Location")!.Split('/')[^1];
        var edited = await server.PatchAsync($"{path}/{key}", """{"Expires":null,"completely":{"different":1}}""", browser.WriteHeaders);
        edited.StatusCode.ShouldBe(200);
        edited.Headers["Warning"].ShouldBe(
            ["299 - \"Unknown field: Expires. Did you mean expires?\"", "299 - \"Unknown field: completely\""]);

        // Errors contain the warning too: the unknown field may be the reason.
        var refused = await server.PostAsync(path, """{"name":"three"}""", browser.WriteHeaders);
        refused.StatusCode.ShouldBe(422);
        refused.Header("Warning").ShouldBe("299 - \"Unknown field: name\"");
        (await server.PostAsync("/users/somebody-else/tokens", """{"token_name":"x","scope":""}""", browser.WriteHeaders)).Header("Warning")
            .ShouldNotBeNull();
        // Without unknown fields there is no warning.
        (await server.PostAsync(path, """{"token_name":"four","scopes":[],"expires":null}""", browser.WriteHeaders)).Header("Warning")
            .ShouldBeNull();
        // Quota plans reject unknown fields.
        (await server.PutAsync("/quota-overrides", """{"defaults":{}}""", server.Bootstrap)).StatusCode.ShouldBe(422);
    }

    /// <summary>The field names come from the client and are written into a header.</summary>
    [Fact]
    public async Task Warnings_are_limited_in_length_and_printable()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("hostile");
        var fields = string.Join(',', Enumerable.Range(0, 3000).Select(number => $"\"unknown{number}\":1"));
        var many = await server.PostAsync("/users/hostile/tokens", $$"""{"token_name":"many",{{fields}}}""", browser.WriteHeaders);
        many.StatusCode.ShouldBe(201);
        many.Headers["Warning"].Count.ShouldBe(6);
        var unusual = await server.PostAsync(
            "/users/hostile/tokens",
            $$"""{"token_name":"odd","a\"b\\c\r\nX-Injected: 1\u202e\u0000\u00fc":1,"{{new string('x', 5000)}}":2}""",
            browser.WriteHeaders);
        unusual.StatusCode.ShouldBe(201);
        unusual.Headers["Warning"].ShouldBe(
            ["299 - \"Unknown field: a?b?c??X-Injected: 1???\"", $"299 - \"Unknown field: {new string('x', 64)}...\""]);
        unusual.Headers.Keys.ShouldNotContain("X-Injected");
    }
}
