using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Ingress;

public sealed partial class AuthorizationTests
{
    /// <summary>ING-001 to ING-004, ING-025, ING-026.</summary>
    [Theory, EveryMode]
    public async Task A_request_without_credentials_is_challenged(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        (await server.AuthorizeAsync("?scope=read:all")).ShouldBeChallengedWithoutError();
        (await server.AuthorizeAsync("?scope=read:all&auth_type=bearer")).ShouldBeChallengedWithoutError();
        (await server.AuthorizeAsync("?auth_type=basic")).ShouldBeChallengedWithoutError(type: "Basic");
        (await server.AuthorizeAsync("", ("X-Requested-With", "xmlhttprequest"))).ShouldBeChallengedWithoutError(status: 403);
        (await server.AuthorizeAsync("", TestServer.Basic("foo", "x-oauth-basic"))).ShouldBeChallengedWithoutError();
        // The answer is the same if the rule is invalid.
        (await server.AuthorizeAsync("?satisfy=foo")).ShouldBeChallengedWithoutError();
        (await server.AuthorizeAsync("?auth_type=foo")).StatusCode.ShouldBe(422);
    }

    [Theory, EveryMode]
    public async Task Invalid_credentials_are_denied_with_their_error(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("forged", "read:all");
        foreach (var header in (string[])["Bearer", "token foo", "Basic &&&&", "Basic YWJj"])
        {
            var answer = await server.AuthorizeAsync("?scope=read:all", ("Authorization", header));
            (answer.StatusCode, answer.Header("X-Error-Status")).ShouldBe((403, "400"), header);
            answer.Header("WWW-Authenticate")!.ShouldStartWith("Bearer realm=\"example.com\", error=\"invalid_request\"");
        }
        var wrongSecret = Token.Parse($"gt-{browser.Key.Value}.{new string('b', 22)}");
        foreach (var token in (string[])["token", "gt-abc", Token.Create().Reveal(), wrongSecret.Reveal()])
        {
            var answer = await server.AuthorizeAsync("", ("Authorization", $"Bearer {token}"), ("X-Requested-With", "XMLHttpRequest"));
            (answer.StatusCode, answer.Header("X-Error-Status")).ShouldBe((401, "401"));
            answer.Header("WWW-Authenticate")!.ShouldContain("error=\"invalid_token\"");
        }
        // The bootstrap token is accepted only by the API.
        (await server.AuthorizeAsync("", server.Bootstrap)).StatusCode.ShouldBe(401);
    }

    /// <summary>ING-031, ING-034.</summary>
    [Theory, EveryMode]
    public async Task A_cookie_is_accepted_unless_excluded_and_takes_precedence_over_the_header(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("cookied", "read:all");
        (await server.AuthorizeAsync("?scope=read:all", browser.Cookie, ("Authorization", "token of-jupyterhub"))).ShouldBeAllowed();
        (await server.AuthorizeAsync("?allow_cookies=false", browser.Cookie)).ShouldBeChallengedWithoutError();
        (await server.AuthorizeAsync("?allow_cookies=false", TestServer.Bearer(browser.Session))).ShouldBeAllowed();
        (await server.AuthorizeAsync("", ("Cookie", $"{SessionCookie.Name}=nonsense"))).ShouldBeChallengedWithoutError();

        // A valid token in the header does not replace an invalid session.
        var other = await server.LogInAsync("rescuer", "read:all");
        var invalidSession = server.Host.Cookie(new SessionState { Token = Token.Create() });
        (await server.AuthorizeAsync("", invalidSession, TestServer.Bearer(other.Session))).ShouldBeChallengedWithoutError();
    }

    [Theory, EveryMode]
    public async Task A_revoked_token_is_denied(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("revoked", "user:token");
        var token = await server.CreateTokenAsync(browser, "one");
        (await server.AuthorizeAsync("", TestServer.Bearer(token))).ShouldBeAllowed();
        (await server.DeleteAsync($"/users/revoked/tokens/{token.Key}", browser.WriteHeaders)).StatusCode.ShouldBe(204);
        (await server.AuthorizeAsync("", TestServer.Bearer(token))).ShouldBeError(401, 401, "invalid_token", "Token is not valid");
    }
}
