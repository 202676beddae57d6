using Porthor.Identity;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Api;

/// <summary>
/// The browser of a signed-in user: it has the state cookie, and Porthor's pages in it know the CSRF value of the cookie.
/// </summary>
internal sealed record Browser(string Username, Token Session, (string, string) Cookie, (string, string) Csrf)
{
    /// <summary>The headers of a write request from one of Porthor's pages.</summary>
    public (string, string)[] WriteHeaders => [Cookie, Csrf];

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

    /// <summary>Creates a user token through the API with the user's browser.</summary>
    public static async Task<Token> CreateTokenAsync(
        this ApiServer server, Browser browser, string name, string scopes = "", long? expires = null)
    {
        var answer = await server.PostAsync(
            $"/users/{browser.Username}/tokens", new { token_name = name, scopes = ScopeSet.Parse(scopes).Names, expires },
            browser.WriteHeaders);
        answer.StatusCode.ShouldBe(201, answer.Body);
        return Token.Parse(answer.Json.GetProperty("token").GetString()!);
    }
}
