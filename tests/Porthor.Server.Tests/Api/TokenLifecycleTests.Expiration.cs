using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

public sealed partial class TokenLifecycleTests
{
    /// <summary>TOK-019, TOK-020.</summary>
    [Theory, EveryMode]
    public async Task A_token_can_have_no_expiration(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("lasting");
        var admin = await server.LogInAsync("ender", "admin:token");

        // A missing expiration and null both mean no expiration.
        var forever = await server.CreateTokenAsync(browser, "for ever");
        (await server.GetAsync($"/users/lasting/tokens/{forever.Key}", browser.Cookie)).ShouldBe(
            200,
            $$"""{"username":"lasting","token_type":"user","scopes":[],"created":{{server.Now}}"""
                + $$""","token":"{{forever.Key}}","token_name":"for ever"}""");

        // Removing the expiration of a token changes its row and its record.
        var token = await server.CreateTokenAsync(browser, "ending", expires: server.Now + 86400);
        (await server.Host.Tokens.GetDataAsync(token))!.Expires.ShouldNotBeNull();
        var path = $"/users/lasting/tokens/{token.Key}";
        var endless =
            $$"""{"username":"lasting","token_type":"user","scopes":[],"created":{{server.Now}}"""
                + $$""","token":"{{token.Key}}","token_name":"ending"}""";
        (await server.PatchAsync(path, new { expires = (long?)null }, admin.WriteHeaders)).ShouldBe(200, endless);
        (await server.GetAsync(path, browser.Cookie)).ShouldBe(200, endless);
        (await server.Host.Tokens.GetDataAsync(token))!.Expires.ShouldBeNull();

        // The token still works after its original expiration.
        server.Clock.Advance(TimeSpan.FromDays(3));
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).StatusCode.ShouldBe(200);
    }

    [Theory, EveryMode]
    public async Task An_expired_token_is_invalid(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("ending");
        var token = await server.CreateTokenAsync(browser, "short", expires: server.Now + 300);
        server.Clock.Advance(TimeSpan.FromSeconds(299));
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).StatusCode.ShouldBe(200);
        server.Clock.Advance(TimeSpan.FromSeconds(1));
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).ShouldBeChallenged(
            401, 401, "invalid_token", "Token is not valid");
    }
}
