using Porthor.Identity;
using Porthor.Secrets;
using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Login;

/// <summary>Logging out (contract/login.md 6, deviations 26).</summary>
public sealed class LogoutTests
{
    /// <summary>OUT-001, WEAK-04: logout ends the session in this browser and everywhere.</summary>
    [Theory, EveryMode]
    public async Task A_session_ends_with_all_that_was_made_from_it(Mode mode)
    {
        await using var site = await LoginSite.WithGitHubAsync(mode);
        var browser = await LoggedInAsync(site);
        var caller = await site.Host.Tokens.CallerAsync(browser.State.Token!);
        var child = await site.Host.Tokens.GetInternalTokenAsync(caller, "tap", ScopeSet.Of("read:all"));
        var own = await site.Host.Tokens.CreateUserTokenAsync(caller, "user", new UserTokenRequest("laptop", ScopeSet.Empty, Expires: null));
        var before = browser.State;
        (await browser.AskAsync()).ShouldBe(200);

        (await browser.GoAsync("/logout")).ShouldLeadTo(LoginSite.Landing);
        browser.State.ShouldBe(SessionState.Empty);
        (await browser.AskAsync()).ShouldBe(401);
        site.Lines("Successful logout").Single().GetProperty("severity").GetString().ShouldBe("info");

        // Neither the session nor its child works any more, wherever a copy is; a token that the user made has a life of its own.
        (await site.Host.Tokens.GetDataAsync(before.Token!)).ShouldBeNull();
        (await site.Host.Tokens.GetDataAsync(child)).ShouldBeNull();
        (await site.Host.Tokens.GetDataAsync(own)).ShouldNotBeNull();
        var history = await site.Host.GetAsync("/auth/api/v1/history/token-changes?username=user&limit=10", site.Host.Bootstrap);
        var revoked = history.Json.EnumerateArray().Where(change => change.GetProperty("action").GetString() == "revoke").ToList();
        revoked.Count.ShouldBe(2);
        revoked.ShouldAllBe(change => change.GetProperty("actor").GetString() == "user" && change.GetProperty("ip_address").GetString() == "127.0.0.1");
    }

    /// <summary>
    /// A link on a foreign page brings the browser here with its cookie. It may log the browser out, as it always could, but not end
    /// what runs.
    /// </summary>
    [Theory]
    [InlineData(null, true)]
    [InlineData("none", true)]
    [InlineData("same-origin", true)]
    [InlineData("same-site", true)]
    [InlineData("cross-site", false)]
    [InlineData("something-new", false)]
    [InlineData("none,cross-site", false)]
    public async Task Only_the_user_or_a_page_of_ours_ends_a_session(string? from, bool ends)
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = await LoggedInAsync(site);
        var token = browser.State.Token!;
        (await browser.GoAsync("/logout", from is null ? [] : [("Sec-Fetch-Site", from)])).ShouldLeadTo(LoginSite.Landing);
        browser.State.ShouldBe(SessionState.Empty);
        (await site.Host.Tokens.GetDataAsync(token) is null).ShouldBe(ends);
    }

    [Fact]
    public async Task A_deployment_can_keep_the_references_way()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded, settings => settings with { RevokeOnLogout = false });
        var browser = await LoggedInAsync(site);
        var token = browser.State.Token!;
        (await browser.GoAsync("/logout")).ShouldLeadTo(LoginSite.Landing);
        (await browser.AskAsync()).ShouldBe(401);
        (await site.Host.Tokens.GetDataAsync(token)).ShouldNotBeNull();
    }

    /// <summary>A cookie may hold what is no session of a browser's login; that is not ours to end.</summary>
    [Fact]
    public async Task Only_sessions_end()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var caller = await site.Host.Tokens.SessionForAsync("user");
        var own = await site.Host.Tokens.CreateUserTokenAsync(caller, "user", new UserTokenRequest("laptop", ScopeSet.Empty, Expires: null));
        foreach (var token in (Token[])[own, Token.Create(), site.Host.Core.BootstrapToken!])
        {
            var browser = new LoginBrowser(site) { State = new SessionState { Token = token } };
            (await browser.GoAsync("/logout")).ShouldLeadTo(LoginSite.Landing);
            browser.State.ShouldBe(SessionState.Empty);
        }
        (await site.Host.Tokens.GetDataAsync(own)).ShouldNotBeNull();
        // A session without the scope to administer tokens may still end itself.
        var session = await site.Host.Tokens.CreateSessionTokenAsync("user", UserData.None, ScopeSet.Of("read:all"), TokenBuilders.Address);
        await new LoginBrowser(site) { State = new SessionState { Token = session } }.GoAsync("/logout");
        (await site.Host.Tokens.GetDataAsync(session)).ShouldBeNull();
    }

    /// <summary>OUT-002, OUT-003.</summary>
    [Fact]
    public async Task Logout_leads_where_it_is_asked_to()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = await LoggedInAsync(site);
        (await browser.GoAsync("/logout?rd=https://example.com/bye")).ShouldLeadTo("https://example.com/bye");
        site.Lines("Successful logout").Single().GetProperty("return_url").GetString().ShouldBe("https://example.com/bye");

        // Nobody is logged in any more, and nothing changes.
        var again = await browser.GoAsync("/logout");
        again.ShouldLeadTo(LoginSite.Landing);
        again.Header("Set-Cookie").ShouldBeNull();
        (await new LoginBrowser(site).GoAsync("/logout")).Header("Set-Cookie").ShouldBeNull();
        site.Lines("Logout of already-logged-out session").Count.ShouldBe(2);

        // A login under way ends too.
        await browser.BeginAsync(LoginSite.Destination);
        (await browser.GoAsync("/logout")).ShouldLeadTo(LoginSite.Landing);
        browser.State.ShouldBe(SessionState.Empty);
    }

    /// <summary>OUT-004: what is refused changes nothing.</summary>
    [Fact]
    public async Task A_foreign_destination_is_no_logout()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = await LoggedInAsync(site);
        (await browser.GoAsync("/logout?rd=https://foo.example.com/")).StatusCode.ShouldBe(422);
        (await browser.AskAsync()).ShouldBe(200);
    }

    /// <summary>OUT-006.</summary>
    [Fact]
    public async Task The_grant_of_GitHub_is_given_back()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var (browser, _) = await site.LogInByGitHubAsync();
        (await browser.GoAsync("/logout")).ShouldLeadTo(LoginSite.Landing);
        var revocation = site.GitHub.Revocations.ShouldHaveSingleItem();
        revocation.Json.GetRawText().ShouldBe($$"""{"access_token":"{{GitHubSite.AccessToken}}"}""");
        revocation.Headers["Accept"].ShouldBe("application/vnd.github+json");
        revocation.Headers["Authorization"].ShouldBe(TestServer.Basic(GitHubSite.ClientId, GitHubSite.ClientSecret).Item2);
        var events = site.Host.Logs.Lines.Select(line => line.GetProperty("event").GetString()).ToList();
        events.IndexOf("Revoked GitHub OAuth authorization").ShouldBeInRange(0, events.IndexOf("Successful logout") - 1);
    }

    [Fact]
    public async Task That_GitHub_does_not_take_it_back_is_no_hindrance()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var (browser, _) = await site.LogInByGitHubAsync();
        site.Foreign.On("DELETE", $"/api/applications/{GitHubSite.ClientId}/grant", ForeignReply.Of(404, new { message = "Not Found" }));
        (await browser.GoAsync("/logout")).ShouldLeadTo(LoginSite.Landing);
        (await browser.AskAsync()).ShouldBe(401);
        var warning = site.Lines("Unable to revoke GitHub OAuth authorization").Single();
        warning.GetProperty("severity").GetString().ShouldBe("warning");
        warning.GetProperty("error").GetString()!.ShouldStartWith("Status 404 from DELETE");
    }

    /// <summary>A token of GitHub without a session is nothing that logout is about; and it goes with the rest of the cookie.</summary>
    [Fact]
    public async Task Without_a_session_nothing_is_given_back()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = new LoginBrowser(site) { State = new SessionState { GitHub = new Secret(GitHubSite.AccessToken) } };
        (await browser.GoAsync("/logout")).ShouldLeadTo(LoginSite.Landing);
        browser.State.ShouldBe(SessionState.Empty);
        site.GitHub.Revocations.ShouldBeEmpty();
    }

    private static async Task<LoginBrowser> LoggedInAsync(LoginSite site)
    {
        var caller = await site.Host.Tokens.SessionForAsync("user", "user:token,read:all");
        return new LoginBrowser(site) { State = new SessionState { Csrf = SessionCookie.CreateCsrf(), Token = caller.Record.Token } };
    }
}
