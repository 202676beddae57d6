using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>HEAD requests change nothing, even on routes whose GET does (RFC 9110 section 9.2.1; deviations 36).</summary>
public sealed class LoginHeadTests
{
    [Theory, EveryMode]
    public async Task HEAD_revokes_no_session(Mode mode)
    {
        await using var site = await LoginSite.WithGitHubAsync(mode);
        var (browser, _) = await site.LogInByGitHubAsync();
        var token = browser.State.Token.ShouldNotBeNull();
        foreach (var path in (string[])["/logout", "/logout?rd=https%3A%2F%2Fexample.com%2Flanding"])
        {
            var answer = await site.Host.SendAsync(HttpMethod.Head, path, [site.Host.Cookie(browser.State)]);
            answer.ShouldRedirectTo(LoginSite.Landing);
            answer.Header("Set-Cookie").ShouldBeNull();
            (await site.Host.Tokens.GetDataAsync(token)).ShouldNotBeNull();
        }
        (await site.Host.SendAsync(
            HttpMethod.Head, "/logout?rd=https://evil.org/", [site.Host.Cookie(browser.State)])).StatusCode.ShouldBe(422);
    }

    [Theory, EveryMode]
    public async Task HEAD_completes_no_login(Mode mode)
    {
        await using var site = await LoginSite.WithGitHubAsync(mode);
        var browser = new LoginBrowser(site);
        await browser.BeginAsync(LoginSite.Destination);
        foreach (var query in (string[])[$"code=some-code-of-github&state={browser.State.State}", "code=some-code-of-github&state=other",
            "error=access_denied&state=other"])
        {
            var answer = await site.Host.SendAsync(HttpMethod.Head, $"/login?{query}", [site.Host.Cookie(browser.State)]);
            answer.ShouldRedirectTo(LoginSite.Destination);
            answer.Header("Set-Cookie").ShouldBeNull();
        }
        site.External.Requests.ShouldBeEmpty();
        (await browser.ReturnAsync("some-code-of-github")).ShouldRedirectTo(LoginSite.Destination);
        browser.State.Token.ShouldNotBeNull();
    }

    [Fact]
    public async Task HEAD_starts_a_login_like_GET()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var answer = await site.Host.SendAsync(HttpMethod.Head, $"/login?rd={Uri.EscapeDataString(LoginSite.Destination)}");
        (answer.StatusCode, answer.Body).ShouldBe((307, ""));
        answer.Header("Location").ShouldNotBeNull();
        answer.Header("Set-Cookie")!.ShouldStartWith(SessionCookie.Name);
    }
}
