using Porthor.Server.Tests.Api;
using Porthor.Server.Tests.Login.Local;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>A login state creates at most one session, regardless of repeated or concurrent requests.</summary>
public sealed class LoginReplayTests(LocalLoginServers servers) : IClassFixture<LocalLoginServers>
{
    private const string AlreadyUsed = "Login state already used, redirecting without authentication";

    [Theory, EveryMode]
    public async Task A_return_that_is_sent_again_creates_no_second_session(Mode mode)
    {
        await using var site = await LoginSite.WithGitHubAsync(mode);
        var browser = new LoginBrowser(site);
        await browser.BeginAsync(LoginSite.Destination);
        var begun = browser.State;
        (await browser.ReturnAsync("some-code-of-github")).ShouldRedirectTo(LoginSite.Destination);
        browser.State.Token.ShouldNotBeNull();

        // An attacker who copied the request has the same cookie and state. The code is the same, or another one.
        foreach (var code in (string[])["some-code-of-github", "other-code-of-github"])
        {
            var copy = new LoginBrowser(site) { State = begun };
            var answer = await copy.ReturnAsync(code);
            answer.ShouldRedirectTo(LoginSite.Destination);
            answer.Header("Set-Cookie").ShouldBeNull();
            copy.State.ShouldBe(begun);
        }
        (await SessionsAsync(site.Host, "githubuser")).ShouldBe(1);
        site.Lines(AlreadyUsed).Count.ShouldBe(2);
        site.Metrics.Logins.ShouldBe((1, 1, 0, 0));
    }

    [Theory, EveryMode]
    public async Task Only_one_of_many_concurrent_returns_creates_a_session(Mode mode)
    {
        await using var site = await LoginSite.WithGitHubAsync(mode);
        var browser = new LoginBrowser(site);
        await browser.BeginAsync(LoginSite.Destination);
        var begun = browser.State;
        var browsers = Enumerable.Range(0, 8).Select(_ => new LoginBrowser(site) { State = begun }).ToList();
        var answers = await Task.WhenAll(browsers.Select((copy, i) => copy.ReturnAsync($"code-{i}-of-github")));
        answers.ShouldAllBe(answer => answer.StatusCode == 307);
        answers.Count(answer => answer.Header("Set-Cookie") is not null).ShouldBe(1);
        (await SessionsAsync(site.Host, "githubuser")).ShouldBe(1);
    }

    /// <summary>
    /// A browser that missed the response to its login has a cookie with a used state. It must not be redirected in a loop.
    /// </summary>
    [Theory, EveryMode]
    public async Task A_browser_that_missed_its_session_can_log_in_again(Mode mode)
    {
        await using var site = await LoginSite.WithGitHubAsync(mode);
        var browser = new LoginBrowser(site);
        await browser.BeginAsync(LoginSite.Destination);
        var begun = browser.State;
        await browser.ReturnAsync("some-code-of-github");

        browser.State = begun;
        await browser.BeginAsync(LoginSite.Destination);
        browser.State.State.ShouldNotBe(begun.State);
        (await browser.ReturnAsync("other-code-of-github")).ShouldRedirectTo(LoginSite.Destination);
        browser.State.Token.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_login_that_takes_more_than_a_day_starts_again()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = new LoginBrowser(site);
        await browser.BeginAsync(LoginSite.Destination);
        var begun = browser.State;
        site.Clock.Advance(TimeSpan.FromHours(24) + TimeSpan.FromSeconds(1));
        (await browser.ReturnAsync("some-code-of-github")).ShouldBeErrorPage(403, "This login has expired, please start over");
        browser.State.ShouldBe(SessionState.Empty);

        browser.State = begun;
        await browser.BeginAsync(LoginSite.Destination);
        browser.State.State.ShouldNotBe(begun.State);
        (await browser.ReturnAsync("some-code-of-github")).ShouldRedirectTo(LoginSite.Destination);
    }

    [Theory, EveryMode]
    public async Task A_form_that_is_sent_again_creates_no_second_session(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        server.LeakDetector.Secret(LocalLoginServers.Password);
        var browser = new FormBrowser(server.Host, server.LeakDetector);
        var form = await browser.OpenFormAsync();
        var cookie = browser.Cookies[SessionCookie.Name];
        var before = await SessionsAsync(server.Host, "trent");
        // A wrong password does not use up the login state.
        (await browser.SubmitAsync(form, "trent", "wrong")).StatusCode.ShouldBe(403);
        var copies = Enumerable.Range(0, 4)
            .Select(_ => new FormBrowser(server.Host, server.LeakDetector) { Cookies = { [SessionCookie.Name] = cookie } }).ToList();
        List<Answer> answers = [];
        foreach (var copy in copies)
            answers.Add(await copy.SubmitAsync(form, "trent"));
        answers.ShouldAllBe(answer => answer.StatusCode == 303 && answer.Header("Location") == FormBrowser.Destination);
        copies.Count(copy => copy.State.Token is not null).ShouldBe(1);
        (await SessionsAsync(server.Host, "trent") - before).ShouldBe(1);
    }

    private static async Task<int> SessionsAsync(TestServer server, string username)
    {
        var changes = await server.GetAsync($"/auth/api/v1/history/token-changes?username={username}&limit=100", server.Bootstrap);
        return changes.Json.EnumerateArray().Count(change =>
            change.GetProperty("action").GetString() == "create" && change.GetProperty("token_type").GetString() == "session");
    }
}
