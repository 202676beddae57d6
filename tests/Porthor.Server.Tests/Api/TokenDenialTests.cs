using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Api;

/// <summary>Callers that the token routes deny: TOK-012 to TOK-018 (TOK-013 is CsrfTests), HIS-014.</summary>
public sealed class TokenDenialTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private static readonly string Key = new('k', TokenKey.Length);

    /// <summary>TOK-012: the cookie of a browser that opened the login page and did not sign in.</summary>
    [Theory, EveryMode]
    public async Task A_cookie_without_a_token_is_not_a_credential(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var csrf = SessionCookie.CreateCsrf();
        (string, string)[] headers = [server.Host.Cookie(new SessionState { Csrf = csrf }), ("X-CSRF-Token", csrf)];

        (await server.PostAsync("/tokens", new { }, headers)).ShouldBeUnauthenticated();
        foreach (var (method, path, body) in Routes("example", Key))
            (await server.SendAsync(method, path, body, headers)).ShouldBeUnauthenticated();
        (await server.GetAsync($"/users/example/tokens/{Key}/change-history", headers)).ShouldBeUnauthenticated();
    }

    /// <summary>TOK-014: the bootstrap token creates the first administrator and belongs to no user.</summary>
    [Theory, EveryMode]
    public async Task The_bootstrap_token_is_not_accepted_on_routes_of_users(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        foreach (var (method, path, body) in Routes("example", Key))
            (await server.SendAsync(method, path, body, server.Bootstrap)).ShouldBeChallenged(
                401, 401, "invalid_token", "Token is not valid");
        foreach (var path in (string[])["/token-info", "/user-info", "/quota-overrides", $"/users/example/tokens/{Key}/change-history"])
            (await server.GetAsync(path, server.Bootstrap)).ShouldBeChallenged(401, 401, "invalid_token", "Token is not valid");
    }

    /// <summary>TOK-015.</summary>
    [Theory, EveryMode]
    public async Task A_token_without_the_required_scope_cannot_manage_tokens(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("scopeless", "read:all,user:token");
        var token = await server.CreateTokenAsync(browser, "for reading", "read:all");
        var key = token.Key.Value;
        foreach (var (method, path, body) in Routes("scopeless", key))
        {
            // An edit requires admin:token, regardless of other scopes.
            var missing = method == HttpMethod.Patch ? "admin:token" : "user:token";
            (await server.SendAsync(method, path, body, TestServer.Bearer(token)))
                .ShouldBeError(403, "permission_denied", $"Missing required {missing} scope");
        }
        // HIS-014
        foreach (var path in (string[])["/users/scopeless/token-change-history", $"/users/scopeless/tokens/{key}/change-history"])
            (await server.GetAsync(path, TestServer.Bearer(token))).ShouldBeError(
                403, "permission_denied", "Missing required user:token scope");

        // The token still exists, and routes that need no scope allow it.
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).StatusCode.ShouldBe(200);
    }

    /// <summary>TOK-016: administrators cannot edit sessions either.</summary>
    [Theory, EveryMode]
    public async Task Only_user_tokens_can_be_edited(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("sitting", "admin:token,user:token");
        (await server.PatchAsync($"/users/sitting/tokens/{browser.Key}", new { token_name = "session" }, browser.WriteHeaders))
            .ShouldBeError(403, "permission_denied", "Only user tokens can be modified");
        var plain = await server.LogInAsync("standing");
        (await server.PatchAsync($"/users/standing/tokens/{plain.Key}", new { token_name = "session" }, plain.WriteHeaders))
            .ShouldBeError(403, "permission_denied", "Missing required admin:token scope");
    }

    /// <summary>TOK-017.</summary>
    [Theory, EveryMode]
    public async Task Users_cannot_manage_tokens_of_other_users(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var owner = await server.LogInAsync("owner");
        var token = await server.CreateTokenAsync(owner, "mine");
        var other = await server.LogInAsync("other");
        const string message = "Cannot act on tokens for user owner";
        foreach (var (method, path, body) in Routes("owner", token.Key.Value))
        {
            var expected = method == HttpMethod.Patch ? "Missing required admin:token scope" : message;
            (await server.SendAsync(method, path, body, other.WriteHeaders)).ShouldBeError(403, "permission_denied", expected);
        }
        foreach (var path in (string[])[$"/users/owner/tokens/{token.Key}/change-history", "/users/owner/token-change-history"])
            (await server.GetAsync(path, other.Cookie)).ShouldBeError(403, "permission_denied", message);

        // An administrator can read and revoke other users' tokens, but not create them on this route.
        var admin = await server.LogInAsync("overseer", "admin:token");
        (await server.PostAsync("/users/owner/tokens", new { token_name = "theirs" }, admin.WriteHeaders))
            .ShouldBeError(403, "permission_denied", message);
        (await server.GetAsync($"/users/owner/tokens/{token.Key}", admin.Cookie)).StatusCode.ShouldBe(200);
        (await server.GetAsync("/users/owner/tokens", admin.Cookie)).Json.GetArrayLength().ShouldBe(2);
        (await server.DeleteAsync($"/users/owner/tokens/{token.Key}", admin.WriteHeaders)).ShouldBeNoContent();
    }

    /// <summary>TOK-018: the key of another user's token is reported as unknown, like any unknown key.</summary>
    [Theory, EveryMode]
    public async Task The_key_of_another_user_is_reported_as_unknown(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var holder = await server.LogInAsync("holder");
        var token = await server.CreateTokenAsync(holder, "mine");
        var seeker = await server.LogInAsync("seeker");
        foreach (var key in (string[])[token.Key.Value, Key])
        {
            foreach (var (method, path, body) in Routes("seeker", key).Where(route => route.Path.EndsWith(key, StringComparison.Ordinal)))
                (await server.SendAsync(method, path, body, seeker.WriteHeaders)).ShouldBeNotFound();
            (await server.GetAsync($"/users/seeker/tokens/{key}/change-history", seeker.Cookie)).ShouldBeNotFound();
        }
        (await server.GetAsync("/token-info", TestServer.Bearer(token))).StatusCode.ShouldBe(200);
    }

    /// <summary>The five routes for tokens of a user, each with a valid body.</summary>
    private static IEnumerable<(HttpMethod Method, string Path, object? Body)> Routes(string username, string key)
    {
        var tokens = $"{ApiServer.Prefix}/users/{username}/tokens";
        yield return (HttpMethod.Get, tokens, null);
        yield return (HttpMethod.Post, tokens, new { token_name = "new" });
        yield return (HttpMethod.Get, $"{tokens}/{key}", null);
        yield return (HttpMethod.Delete, $"{tokens}/{key}", null);
        yield return (HttpMethod.Patch, $"{tokens}/{key}", new { token_name = "changed" });
    }
}
