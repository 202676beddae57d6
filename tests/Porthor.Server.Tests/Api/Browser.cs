using Porthor.Identity;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Api;

/// <summary>A user's browser after login: it has the state cookie, and pages of ours know the CSRF value in it.</summary>
internal sealed record Browser(string Username, Token Session, (string, string) Cookie, (string, string) Csrf)
{
    /// <summary>The headers of a write that one of our pages sends.</summary>
    public (string, string)[] Writing => [Cookie, Csrf];

    public TokenKey Key => Session.Key;
}

internal static class Logins
{
    public static async Task<Browser> LogInAsync(
        this ApiServer server, string username, string scopes = "user:token", UserData? user = null)
    {
        var caller = await server.Host.Tokens.SessionForAsync(username, scopes, user);
        var csrf = SessionCookie.CreateCsrf();
        var cookie = server.Host.Cookie(new SessionState { Csrf = csrf, Token = caller.Record.Token });
        return new Browser(username, caller.Record.Token, cookie, ("X-CSRF-Token", csrf));
    }

    /// <summary>A user token, made through the API by the user's browser.</summary>
    public static async Task<Token> MakeTokenAsync(this ApiServer server, Browser browser, string name, string scopes = "", long? expires = null)
    {
        var answer = await server.PostAsync(
            $"/users/{browser.Username}/tokens", new { token_name = name, scopes = ScopeSet.Parse(scopes).Names, expires }, browser.Writing);
        answer.StatusCode.ShouldBe(201, answer.Body);
        return Token.Parse(answer.Json.GetProperty("token").GetString()!);
    }
}
