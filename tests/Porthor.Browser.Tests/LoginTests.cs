using System.Text.Json;
using Microsoft.Playwright;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Browser.Tests;

/// <summary>Logins from a page of the site and back, logouts, and interruptions.</summary>
public sealed class LoginTests(Site site) : IClassFixture<Site>
{
    private const string DeepLink = "/api/survey?object=M%2031&view=all";

    [BrowserFact]
    public async Task A_deep_link_is_kept_through_the_login()
    {
        await using var browser = await site.OpenAsync();
        var page = await browser.NewPageAsync();
        await page.GotoAsync(DeepLink);
        await LogInAsync(page, "walker", "wrong");
        (await page.GetByRole(AriaRole.Alert).InnerTextAsync()).ShouldBe("Wrong username or password.");
        await LogInAsync(page, "walker");
        await page.ShouldHaveUrlAsync(site.Url + DeepLink);
        (await UserAsync(page)).ShouldBe("walker");
    }

    /// <summary>All tabs share the login that is in progress.</summary>
    [BrowserFact]
    public async Task Two_tabs_share_one_login()
    {
        await using var browser = await site.OpenAsync();
        var first = await browser.NewPageAsync();
        var second = await browser.NewPageAsync();
        await first.GotoAsync("/api/first");
        await second.GotoAsync("/api/second");
        await LogInAsync(second, "walker");
        await second.ShouldHaveUrlAsync($"{site.Url}/api/second");
        // The form in the first tab is no longer valid, but the user who sends it is already signed in.
        await LogInAsync(first, "walker");
        (await UserAsync(first)).ShouldBe("walker");
        await first.GotoAsync("/api/first");
        (await UserAsync(first)).ShouldBe("walker");
    }

    [BrowserFact]
    public async Task A_revoked_session_leads_back_to_the_login()
    {
        await using var browser = await site.OpenAsync();
        var page = await browser.NewPageAsync();
        await page.GotoAsync(DeepLink);
        await LogInAsync(page, "walker");
        var cookie = (await browser.CookiesAsync()).Single(cookie => cookie.Name == SessionCookie.Name).Value.Trim('"');
        var session = site.Porthor.Core.SessionCookie.TryRead(cookie, out _)!.Token!;
        (await site.Porthor.Tokens.DeleteTokenAsync(session.Key, TokenBuilders.Administrator(site.Porthor.Core.Clock), "walker"))
            .ShouldBeTrue();

        // A script of the site gets an error instead of a login form that the user would not see.
        (await page.EvaluateAsync<int>(
            "fetch('/api/data', { headers: { 'X-Requested-With': 'XMLHttpRequest' } }).then((answer) => answer.status)"))
            .ShouldBe(403);
        await page.ReloadAsync();
        await page.ShouldHaveTitleAsync("Sign in");
        await LogInAsync(page, "walker");
        await page.ShouldHaveUrlAsync(site.Url + DeepLink);
    }

    [BrowserFact]
    public async Task A_user_without_any_scope_gets_an_error_page_with_the_help_desk()
    {
        await using var browser = await site.OpenAsync();
        var page = await browser.NewPageAsync();
        await page.GotoAsync("/api/");
        await LogInAsync(page, "stranger");
        await page.ShouldHaveTitleAsync("Authentication error");
        (await page.GetByRole(AriaRole.Heading).InnerTextAsync()).ShouldBe("Authentication error");
        (await page.GetByText("stranger is not a member of any authorized groups").CountAsync()).ShouldBe(1);
        (await page.GetByRole(AriaRole.Link, new() { Name = "help desk" }).GetAttributeAsync("href")).ShouldBe("https://example.com/desk");
        // The failed login signs nobody in, and another user can sign in.
        await page.GotoAsync("/api/");
        await LogInAsync(page, "walker");
        (await UserAsync(page)).ShouldBe("walker");
    }

    [BrowserFact]
    public async Task Signing_out_revokes_the_session_and_hides_earlier_pages()
    {
        await using var browser = await site.OpenAsync();
        var page = await browser.NewPageAsync();
        await page.GotoAsync("/auth/tokens");
        await LogInAsync(page, "walker");
        await page.GetByText("Signed in as walker").WaitForAsync();
        var cookies = await browser.CookiesAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign out" }).ClickAsync();
        await page.ShouldHaveTitleAsync("Sign in");
        await page.BackAsync();
        (await page.GetByText("Signed in as").CountAsync()).ShouldBe(0);
        await page.GotoAsync("/api/");
        await page.ShouldHaveTitleAsync("Sign in");
        // A copy of the session cookie does not work either.
        await browser.ClearCookiesAsync();
        await browser.AddCookiesAsync(cookies.Select(
            cookie => new Cookie { Name = cookie.Name, Value = cookie.Value, Domain = cookie.Domain, Path = cookie.Path, Secure = true }));
        await page.GotoAsync("/auth/tokens");
        await page.ShouldHaveTitleAsync("Sign in");
    }

    /// <summary>Returns the username that the site received with the request for this page.</summary>
    internal static async Task<string> UserAsync(IPage page) => JsonDocument.Parse(
        await page.Locator("body", new() { HasText = "x-auth-request-user" }).InnerTextAsync())
        .RootElement.GetProperty("Headers").GetProperty("x-auth-request-user")[0].GetString()!;

    private static async Task LogInAsync(IPage page, string username, string password = Site.Password)
    {
        await page.GetByLabel("Username").FillAsync(username);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }
}
