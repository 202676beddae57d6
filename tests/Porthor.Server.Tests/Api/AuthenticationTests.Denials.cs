using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Api;

public sealed partial class AuthenticationTests
{
    [Theory, EveryMode]
    public async Task An_invalid_token_is_denied_with_the_reason(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("guessed");
        foreach (var (text, message) in (IEnumerable<(string, string)>)[
            ("token", "Token does not start with gt-"), ("GT-" + browser.Session.Reveal()[3..], "Token does not start with gt-"),
            ("gt-", "Token is malformed"), ("gt-.", "Token is malformed"), ($"gt-{browser.Key}", "Token is malformed"),
            (browser.Session.Reveal() + "x", "Token is malformed"), (browser.Session.Reveal() + " x", "Token is malformed"),
            (Token.Create().Reveal(), "Token is not valid"),
            // The key is public. Without the secret it is not a credential.
            (new Token(browser.Key, new string('s', Token.SecretLength)).Reveal(), "Token is not valid")])
        {
            var lineCount = server.CountLines();
            (await server.GetAsync("/token-info", ("Authorization", $"Bearer {text}")))
                .ShouldBeChallenged(401, 401, "invalid_token", message);
            var line = server.LinesSince(lineCount, "Invalid token").ShouldHaveSingleItem();
            line.GetProperty("severity").GetString().ShouldBe("info");
            line.GetProperty("error").GetString().ShouldBe(message);
        }
    }

    [Theory, EveryMode]
    public async Task A_missing_scope_is_named(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("plain", "exec:admin,user:token");
        foreach (var (method, path) in (IEnumerable<(HttpMethod, string)>)[
            (HttpMethod.Post, "/tokens"), (HttpMethod.Get, "/history/token-changes"), (HttpMethod.Put, "/quota-overrides"),
            (HttpMethod.Delete, "/quota-overrides")])
        {
            var lineCount = server.CountLines();
            (await server.SendAsync(method, ApiServer.Prefix + path, method == HttpMethod.Get ? null : new { }, browser.WriteHeaders))
                .ShouldBeError(403, "permission_denied", "Token does not have required scope admin:token");
            var line = server.LinesSince(lineCount, "Permission denied").ShouldHaveSingleItem();
            line.GetProperty("severity").GetString().ShouldBe("info");
            line.GetProperty("error").GetString().ShouldBe("Token does not have required scope admin:token");
            line.GetProperty("user").GetString().ShouldBe("plain");
        }
    }

    [Theory, EveryMode]
    public async Task The_bootstrap_token_needs_no_scope_on_routes_that_accept_it(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var lineCount = server.CountLines();
        (await server.GetAsync("/history/token-changes?limit=1", server.Bootstrap)).StatusCode.ShouldBe(200);
        server.LinesSince(lineCount, "Authenticated with bootstrap token").ShouldHaveSingleItem().ShouldBeLogLine(
            $$$"""
            {"event":"Authenticated with bootstrap token","severity":"info","logger":"gafaelfawr",
             "httpRequest":{"requestMethod":"GET",
             "requestUrl":"http://{{{server.Host.Url.Authority}}}/auth/api/v1/history/token-changes?limit=1","remoteIp":"127.0.0.1"},
             "token_source":"bearer","token":"<bootstrap>","user":"<bootstrap>","scopes":["admin:oidc","admin:token"]}
            """);
        // Like any token, it is also accepted as a password.
        var bootstrap = server.Host.Core.BootstrapToken!.Reveal();
        (await server.GetAsync("/history/token-changes?limit=1", ("Authorization", Basic($"x:{bootstrap}")))).StatusCode.ShouldBe(200);
        // A token with its key and another secret is not the bootstrap token.
        var wrong = new Token(server.Host.Core.BootstrapToken!.Key, new string('s', Token.SecretLength));
        (await server.GetAsync("/history/token-changes", TestServer.Bearer(wrong))).ShouldBeChallenged(
            401, 401, "invalid_token", "Token is not valid");
    }
}
