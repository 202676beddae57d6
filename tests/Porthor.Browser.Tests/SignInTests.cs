using Microsoft.Playwright;
using Porthor.Sessions;

namespace Porthor.Browser.Tests;

/// <summary>Signing in with a password, and attacks on the login form from pages of other sites.</summary>
public sealed class SignInTests(Site site) : IClassFixture<Site>
{
    private string LoginPath => $"/login?rd={Uri.EscapeDataString($"{site.Url}/auth/tokens")}";

    [BrowserFact]
    public async Task The_login_works_with_a_keyboard_and_without_scripts()
    {
        await using var browser = await site.OpenAsync(new() { JavaScriptEnabled = false });
        var page = await browser.NewPageAsync();
        await page.GotoAsync(LoginPath);
        // The first field has the focus. After an error, the field that must be filled in again has the focus.
        await page.Locator("input[name=username]:focus").WaitForAsync();
        await page.Keyboard.TypeAsync("walker");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.TypeAsync("mistyped");
        await page.Keyboard.PressAsync("Enter");
        (await page.GetByRole(AriaRole.Alert).InnerTextAsync()).ShouldBe("Wrong username or password.");
        (await page.GetByLabel("Username").InputValueAsync()).ShouldBe("walker");
        (await page.GetByLabel("Password").InputValueAsync()).ShouldBe("");
        await page.Locator("input[name=password]:focus").WaitForAsync();
        await page.Keyboard.TypeAsync(Site.Password);
        await page.Keyboard.PressAsync("Enter");
        await page.ShouldHaveUrlAsync($"{site.Url}/auth/tokens");
        await page.GetByText("Signed in as walker").WaitForAsync();

        // When the user goes back, the browser shows no password and sends no form again.
        (await page.ContentAsync()).ShouldNotContain(Site.Password);
        var cookies = (await browser.CookiesAsync()).Select(cookie => (cookie.Name, cookie.HttpOnly, cookie.Secure)).Order();
        cookies.ShouldBe([("gafaelfawr", true, true), ("porthor-device", true, true)]);
    }

    /// <summary>
    /// The form-action policy must not block the redirects after the form, neither to the return URL nor to further redirects.
    /// </summary>
    [BrowserFact]
    public async Task The_login_can_redirect_to_other_origins()
    {
        await using var browser = await site.OpenAsync();
        var page = await browser.NewPageAsync();
        // The site redirects to another origin.
        var elsewhere = $"{site.Url.Replace("example.com", "elsewhere.example.org", StringComparison.Ordinal)}/public/there";
        await page.GotoAsync($"/api/portal?status=302&location={Uri.EscapeDataString(elsewhere)}");
        await page.GetByLabel("Username").FillAsync("walker");
        await page.GetByLabel("Password").FillAsync(Site.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.ShouldHaveUrlAsync(elsewhere);
    }

    [BrowserFact]
    public async Task The_form_is_accessible()
    {
        foreach (var (scheme, width) in ((ColorScheme, int)[])[(ColorScheme.Light, 1280), (ColorScheme.Dark, 390)])
        {
            await using var browser = await site.OpenAsync(
                new() { ColorScheme = scheme, ViewportSize = new() { Width = width, Height = 800 } });
            await browser.AddAxeAsync();
            var page = await browser.NewPageAsync();
            List<string> consoleErrors = [];
            page.Console += (_, message) =>
            {
                if (message.Type is "error" or "warning" && !message.Text.Contains(
                    "the server responded with a status of 4", StringComparison.Ordinal))
                    consoleErrors.Add(message.Text);
            };
            await page.GotoAsync(LoginPath);
            await CheckAsync();
            await page.GetByLabel("Username").FillAsync("nobody");
            await page.GetByLabel("Password").FillAsync("x");
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
            await page.GetByRole(AriaRole.Alert).WaitForAsync();
            await CheckAsync();
            consoleErrors.ShouldBeEmpty();

            async Task CheckAsync()
            {
                (await page.FindViolationsAsync()).ShouldBeEmpty($"{scheme}, {width}");
                (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(width);
            }
        }
    }

    /// <summary>
    /// The page of a subdomain, which can set cookies for the site, sets the attacker's login state and posts the form with the attacker's
    /// password. If this worked, the user would be signed in to the attacker's account.
    /// </summary>
    [BrowserFact]
    public async Task The_page_of_a_subdomain_cannot_sign_a_user_in()
    {
        await using var browser = await site.OpenAsync();
        await site.SetCookieAsync(browser, new SessionState { State = "planted-state-of-a-login", ReturnUrl = $"{site.Url}/auth/tokens" });
        foreach (var origin in (string[])[site.Url.Replace("://", "://evil.", StringComparison.Ordinal), "https://evil.example"])
        {
            var page = await browser.NewPageAsync();
            await page.RouteAsync($"{origin}/**", route => route.FulfillAsync(new()
            {
                ContentType = "text/html",
                Body = $"""
                    <form method="post" action="{site.Url}/auth/login">
                    <input name="state" value="planted-state-of-a-login"><input name="username" value="walker">
                    <input name="password" value="{Site.Password}"></form><script>document.forms[0].submit()</script>
                    """,
            }));
            await page.GotoAsync($"{origin}/");
            await page.GetByText("The form was sent from another site.").WaitForAsync();
            site.Porthor.Core.SessionCookie.TryRead((await browser.CookiesAsync()).Single().Value, out _)!.Token.ShouldBeNull();
        }
    }
}
