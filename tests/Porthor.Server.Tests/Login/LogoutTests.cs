using Porthor.Identity;
using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Login;

/// <summary>Logouts (contract/login.md 6, deviations 26).</summary>
public sealed partial class LogoutTests
{
    /// <summary>OUT-001, WEAK-04: a logout revokes the session, also for copies of its cookie.</summary>
    [Theory, EveryMode]
    public async Task A_logout_revokes_the_session_and_its_descendants(Mode mode)
    {
        await using var site = await LoginSite.WithGitHubAsync(mode);
        var browser = await LoggedInAsync(site);
        var caller = await site.Host.Tokens.CallerAsync(browser.State.Token!);
        var child = await site.Host.Tokens.GetInternalTokenAsync(caller, "tap", ScopeSet.Of("read:all"));
        var own = await site.Host.Tokens.CreateUserTokenAsync(
            caller, "user", new UserTokenRequest("laptop", ScopeSet.Empty, Expires: null));
        var before = browser.State;
        (await browser.AuthorizeAsync()).ShouldBe(200);

        (await browser.NavigateAsync("/logout")).ShouldRedirectTo(LoginSite.Landing);
        browser.State.ShouldBe(SessionState.Empty);
        (await browser.AuthorizeAsync()).ShouldBe(401);
        site.Lines("Successful logout").Single().GetProperty("severity").GetString().ShouldBe("info");

        // Neither the session nor its child is valid any more. A user token of the user stays valid.
        (await site.Host.Tokens.GetDataAsync(before.Token!)).ShouldBeNull();
        (await site.Host.Tokens.GetDataAsync(child)).ShouldBeNull();
        (await site.Host.Tokens.GetDataAsync(own)).ShouldNotBeNull();
        var history = await site.Host.GetAsync("/auth/api/v1/history/token-changes?username=user&limit=10", site.Host.Bootstrap);
        var revoked = history.Json.EnumerateArray().Where(change => change.GetProperty("action").GetString() == "revoke").ToList();
        revoked.Count.ShouldBe(2);
        revoked.ShouldAllBe(
            change => change.GetProperty("actor").GetString() == "user" && change.GetProperty("ip_address").GetString() == "127.0.0.1");
    }

    /// <summary>
    /// A link on another site makes the browser send its cookie. This can sign the browser out, as in the reference, but must not revoke
    /// the session.
    /// </summary>
    [Theory]
    [InlineData(null, true)]
    [InlineData("none", true)]
    [InlineData("same-origin", true)]
    [InlineData("same-site", true)]
    [InlineData("cross-site", false)]
    [InlineData("something-new", false)]
    [InlineData("none,cross-site", false)]
    public async Task Only_the_user_or_one_of_Porthors_pages_can_revoke_a_session(string? from, bool ends)
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = await LoggedInAsync(site);
        var token = browser.State.Token!;
        (await browser.NavigateAsync("/logout", from is null ? [] : [("Sec-Fetch-Site", from)])).ShouldRedirectTo(LoginSite.Landing);
        browser.State.ShouldBe(SessionState.Empty);
        (await site.Host.Tokens.GetDataAsync(token) is null).ShouldBe(ends);
    }

    [Fact]
    public async Task A_deployment_can_keep_the_references_logout()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded, settings => settings with { RevokeOnLogout = false });
        var browser = await LoggedInAsync(site);
        var token = browser.State.Token!;
        (await browser.NavigateAsync("/logout")).ShouldRedirectTo(LoginSite.Landing);
        (await browser.AuthorizeAsync()).ShouldBe(401);
        (await site.Host.Tokens.GetDataAsync(token)).ShouldNotBeNull();
    }

    /// <summary>A cookie can contain a token that is not a session. A logout does not revoke it.</summary>
    [Fact]
    public async Task A_logout_revokes_only_sessions()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var caller = await site.Host.Tokens.SessionForAsync("user");
        var own = await site.Host.Tokens.CreateUserTokenAsync(
            caller, "user", new UserTokenRequest("laptop", ScopeSet.Empty, Expires: null));
        foreach (var token in (Token[])[own, Token.Create(), site.Host.Core.BootstrapToken!])
        {
            var browser = new LoginBrowser(site) { State = new SessionState { Token = token } };
            (await browser.NavigateAsync("/logout")).ShouldRedirectTo(LoginSite.Landing);
            browser.State.ShouldBe(SessionState.Empty);
        }
        (await site.Host.Tokens.GetDataAsync(own)).ShouldNotBeNull();
        // A session without the scope to manage tokens can still be revoked by its own logout.
        var session = await site.Host.Tokens.CreateSessionTokenAsync("user", UserData.None, ScopeSet.Of("read:all"), TokenBuilders.Address);
        await new LoginBrowser(site) { State = new SessionState { Token = session } }.NavigateAsync("/logout");
        (await site.Host.Tokens.GetDataAsync(session)).ShouldBeNull();
    }

    /// <summary>OUT-002, OUT-003.</summary>
    [Fact]
    public async Task Logout_redirects_to_the_requested_URL()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = await LoggedInAsync(site);
        (await browser.NavigateAsync("/logout?rd=https://example.com/bye")).ShouldRedirectTo("https://example.com/bye");
        site.Lines("Successful logout").Single().GetProperty("return_url").GetString().ShouldBe("https://example.com/bye");

        // Nobody is signed in, and nothing changes.
        var again = await browser.NavigateAsync("/logout");
        again.ShouldRedirectTo(LoginSite.Landing);
        again.Header("Set-Cookie").ShouldBeNull();
        (await new LoginBrowser(site).NavigateAsync("/logout")).Header("Set-Cookie").ShouldBeNull();
        site.Lines("Logout of already-logged-out session").Count.ShouldBe(2);

        // A login in progress is ended too.
        await browser.BeginAsync(LoginSite.Destination);
        (await browser.NavigateAsync("/logout")).ShouldRedirectTo(LoginSite.Landing);
        browser.State.ShouldBe(SessionState.Empty);
    }

    /// <summary>OUT-004: a rejected logout changes nothing.</summary>
    [Fact]
    public async Task A_logout_with_a_foreign_URL_is_rejected()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = await LoggedInAsync(site);
        (await browser.NavigateAsync("/logout?rd=https://foo.example.com/")).StatusCode.ShouldBe(422);
        (await browser.AuthorizeAsync()).ShouldBe(200);
    }

    private static async Task<LoginBrowser> LoggedInAsync(LoginSite site)
    {
        var caller = await site.Host.Tokens.SessionForAsync("user", "user:token,read:all");
        return new LoginBrowser(site) { State = new SessionState { Csrf = SessionCookie.CreateCsrf(), Token = caller.Record.Token } };
    }
}
