using Porthor.Secrets;
using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Login;

/// <summary>
/// The login state at the return to Porthor: several tabs, missing cookies, and returns without a login in progress (contract/login.md 3).
/// </summary>
public sealed partial class LoginStateTests
{
    [Fact]
    public async Task Tabs_share_the_login_in_progress()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = new LoginBrowser(site);
        await browser.BeginAsync(LoginSite.Destination);
        var first = browser.State;
        site.Clock.Advance(TimeSpan.FromSeconds(3));
        await browser.BeginAsync(LoginSite.Landing);
        browser.State.ShouldBe(first with { ReturnUrl = LoginSite.Landing });
        site.Metrics.Logins.ShouldBe((1, 0, 0, 0));
        (await browser.ReturnAsync("some-code-of-github", first.State)).ShouldRedirectTo(LoginSite.Landing);
        site.Metrics.Of("login_elapsed").ShouldBe([3]);

        // The other tab returns too: its user is already signed in.
        var answer = await browser.ReturnAsync("code-of-the-other-tab", first.State);
        answer.ShouldRedirectTo(LoginSite.Landing);
        answer.Header("Set-Cookie").ShouldBeNull();
        site.Lines("Login state missing, redirecting without authentication").Single().GetProperty("severity").GetString().ShouldBe("info");
        site.Metrics.Logins.ShouldBe((1, 1, 0, 0));
        site.External.RequestsTo("POST", "/login/oauth/access_token").Count.ShouldBe(1);
    }

    /// <summary>LGN-018.</summary>
    [Fact]
    public async Task A_return_without_a_login_in_progress_redirects()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = new LoginBrowser(site) { State = new SessionState { ReturnUrl = LoginSite.Destination } };
        (await browser.ReturnAsync("some-code-of-github", "some-state")).ShouldRedirectTo(LoginSite.Destination);
        (await new LoginBrowser(site).ReturnAsync("some-code-of-github", "some-state")).ShouldRedirectTo(LoginSite.Landing);
        site.External.Requests.ShouldBeEmpty();
        site.Metrics.Logins.ShouldBe((0, 0, 0, 0));
    }

    /// <summary>LGN-017: the return of another user must not sign this browser in.</summary>
    [Theory]
    [InlineData("?code=some-code-of-github&state=other", "Authentication state mismatch, please start over")]
    [InlineData("?code=some-code-of-github", "No authentication state, please start over")]
    [InlineData("?code=some-code-of-github&state=", "No authentication state, please start over")]
    [InlineData("?error=access_denied&state=other", "Authentication state mismatch, please start over")]
    [InlineData("?error=access_denied", "No authentication state, please start over")]
    public async Task A_return_with_another_state_is_rejected(string query, string error)
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = new LoginBrowser(site);
        await browser.BeginAsync(LoginSite.Destination);
        var answer = await browser.NavigateAsync("/login" + query);
        answer.ShouldBeErrorPage(403, error);
        // The page links to a new login with the same return URL.
        answer.Body.ShouldContain($"<a href=\"/login?rd={Uri.EscapeDataString(LoginSite.Destination)}\">Sign in again</a>");
        // The login in progress is ended.
        browser.State.ShouldBe(SessionState.Empty);
        var line = site.Lines("Authentication failed").Single();
        line.GetProperty("severity").GetString().ShouldBe("warning");
        line.GetProperty("error").GetString().ShouldBe(error);
        site.Metrics.Logins.ShouldBe((1, 0, 1, 0));
        site.External.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_login_without_a_return_URL_is_rejected()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = new LoginBrowser(site) { State = new SessionState { State = "some-state" } };
        (await browser.ReturnAsync("some-code-of-github")).ShouldBeErrorPage(403, "Invalid state: return_url not present in cookie");
    }

    /// <summary>The reference treats this as the start of a login without a return URL.</summary>
    [Theory]
    [InlineData("access_denied", "The user has denied your application access.", 403,
        "Cannot authenticate: access_denied: The user has denied your application access.")]
    [InlineData("access_denied", null, 403, "Cannot authenticate: access_denied")]
    [InlineData("temporarily_unavailable", null, 500, "Authentication provider failed: temporarily_unavailable")]
    [InlineData("redirect_uri_mismatch", "<script>alert(1)</script>", 500,
        "Authentication provider failed: redirect_uri_mismatch: &lt;script&gt;alert(1)&lt;/script&gt;")]
    public async Task An_error_of_the_provider_is_shown(string error, string? description, int status, string shown)
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = new LoginBrowser(site);
        await browser.BeginAsync(LoginSite.Destination);
        var more = description is null ? "" : $"&error_description={Uri.EscapeDataString(description)}";
        var answer = await browser.NavigateAsync($"/login?error={error}{more}&state={Uri.EscapeDataString(browser.State.State!)}");
        answer.ShouldBeErrorPage(status, shown);
        browser.State.ShouldBe(SessionState.Empty);
        site.Metrics.Logins.ShouldBe((1, 0, 1, 0));
        // Anyone can send such a query, so there is no alert.
        site.Alerts.ShouldBeEmpty();
    }

    /// <summary>The session and the CSRF value are always new.</summary>
    [Fact]
    public async Task A_new_login_creates_a_new_session()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var planted = Token.Create();
        var browser = new LoginBrowser(site)
        {
            State = new SessionState
            {
                Csrf = "1234567890123456789012",
                Token = planted,
                GitHub = new Secret("an-older-token-of-github")
            }
        };
        (await browser.BeginAsync(LoginSite.Destination)).StatusCode.ShouldBe(307);
        browser.State.Token.ShouldBe(planted);
        await browser.ReturnAsync("some-code-of-github");
        var first = browser.State;
        first.Token.ShouldNotBe(planted);
        // An attacker who set the cookie has its CSRF value.
        first.Csrf.ShouldNotBe("1234567890123456789012");
        first.Csrf!.Length.ShouldBe(22);
        first.GitHub!.Reveal().ShouldBe(FakeGitHub.AccessToken);

        // A login with a valid session also redirects to the provider and keeps the older session.
        (await browser.BeginAsync(LoginSite.Destination)).Header("Location")!.ShouldStartWith(site.External.Url);
        await browser.ReturnAsync("other-code-of-github");
        browser.State.Token.ShouldNotBe(first.Token);
        (await site.Host.Tokens.GetDataAsync(first.Token!)).ShouldNotBeNull();
    }
}
