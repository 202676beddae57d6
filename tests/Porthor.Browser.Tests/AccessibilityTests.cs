using Microsoft.Playwright;
using Porthor.Identity;

namespace Porthor.Browser.Tests;

/// <summary>
/// Checks every page in light and dark mode on wide and narrow screens: no violation of WCAG 2.2 AA that a program can detect, no
/// horizontal scrolling, and no content blocked by the content security policy. With <c>PORTHOR_SCREENSHOTS=FOLDER</c> it also saves
/// screenshots.
/// </summary>
public sealed partial class AccessibilityTests(Site site) : IClassFixture<Site>
{
    private static readonly string? ScreenshotFolder = Environment.GetEnvironmentVariable("PORTHOR_SCREENSHOTS");

    [BrowserFact]
    public async Task Every_page_is_accessible()
    {
        var user = new UserData
        {
            Name = "Ada Lovelace",
            Email = "ada@example.com",
            Uid = 4123,
            Gid = 4123,
            Groups = [.. ((string[])["ada", "analytical-engine", "astronomers", "observers-on-call", "survey-data-release-7"]).Select(
                (name, i) => new Group(name, 1000 + i))],
        };
        var first = await site.LogInAsync("ada", "admin:token,exec:notebook,read:all,read:some,user:token", user);
        var key = await CreateTestDataAsync(first);
        (ColorScheme, int)[] variants = [(ColorScheme.Light, 1280), (ColorScheme.Dark, 390)];
        foreach (var (scheme, width) in ScreenshotFolder is null ? variants
            : [.. variants, (ColorScheme.Dark, 1280), (ColorScheme.Light, 390)])
        {
            await using var browser = await site.OpenAsync(new()
            {
                ColorScheme = scheme,
                ViewportSize = new() { Width = width, Height = width > 600 ? 800 : 844 },
                HasTouch = width < 600,
            });
            await browser.AddCookiesAsync((await first.CookiesAsync()).Select(cookie => new Cookie
            {
                Name = cookie.Name,
                Value = cookie.Value,
                Domain = cookie.Domain,
                Path = cookie.Path,
                HttpOnly = true,
                Secure = true,
            }));
            await browser.AddAxeAsync();
            var page = await browser.NewPageAsync();
            List<string> consoleErrors = [];
            page.Console += (_, message) =>
            {
                // Some of the pages are error pages.
                if (message.Type is "error" or "warning" && !message.Text.Contains(
                    "the server responded with a status of 4", StringComparison.Ordinal))
                    consoleErrors.Add(message.Text);
            };
            async Task CheckAsync(string name)
            {
                (await page.FindViolationsAsync()).ShouldBeEmpty($"{name}, {scheme}, {width}");
                (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(width, name);
                if (ScreenshotFolder is not null)
                    await page.ScreenshotAsync(
                        new()
                        {
                            Path = Path.Combine(ScreenshotFolder, $"{name}-{scheme}-{width}.png".ToLowerInvariant()),
                            FullPage = true
                        });
            }
            foreach (var (name, path) in (IEnumerable<(string, string)>)[
                ("tokens", "/auth/tokens"), ("new", "/auth/tokens/new"), ("revoke", $"/auth/tokens/{key}/revoke"),
                ("history", "/auth/tokens/history"),
                ("token-history", $"/auth/tokens/history?key={key}"), ("search", "/auth/tokens/search"),
                ("found", "/auth/tokens/search?username=grace"),
                ("nobody", "/auth/tokens/search?username=nobody"), ("all-history", "/auth/tokens/history/all"),
                ("all-history-wrong", "/auth/tokens/history/all?username=No+Name&ip_address=1.2.3"),
                ("not-found", $"/auth/tokens/{new string('x', 22)}/revoke")])
            {
                await page.GotoAsync(path);
                await CheckAsync(name);
            }
            await page.GotoAsync("/auth/tokens/new");
            await page.GetByLabel("Name").FillAsync("laptop");
            await page.GetByLabel("Expires").SelectOptionAsync("day");
            await page.GetByRole(AriaRole.Button, new() { Name = "Create token" }).ClickAsync();
            await page.GetByRole(AriaRole.Alert).WaitForAsync();
            await CheckAsync("new-wrong");
            await page.GetByLabel("Name").FillAsync($"laptop at home, {scheme} {width}");
            await page.GetByLabel("Expires").SelectOptionAsync("in 30 days");
            await page.GetByRole(AriaRole.Button, new() { Name = "Create token" }).ClickAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Copy" }).ClickAsync();
            await CheckAsync("made");
            await page.ReloadAsync();
            await CheckAsync("sent-again");
            await page.GetByRole(AriaRole.Link, new() { Name = "revoke it" }).ClickAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
            await page.GetByRole(AriaRole.Status).WaitForAsync();
            await CheckAsync("revoked");
            consoleErrors.ShouldBeEmpty();
        }
    }

    /// <summary>Checks that the other tests can fail.</summary>
    [BrowserFact]
    public async Task A_violation_is_found()
    {
        await using var browser = await site.OpenAsync();
        await browser.AddAxeAsync();
        var page = await browser.NewPageAsync();
        await page.SetContentAsync("<img src='x'>");
        (await page.FindViolationsAsync()).ShouldContain(violation => violation.Contains("<img src=", StringComparison.Ordinal));
    }

    [BrowserFact]
    public async Task Pages_for_users_without_permissions_are_accessible()
    {
        await using var browser = await site.LogInAsync(
            "visitor", "read:all", new UserData(), new() { ViewportSize = new() { Width = 1280, Height = 800 } });
        await browser.AddAxeAsync();
        var page = await browser.NewPageAsync();
        foreach (var (name, path) in (IEnumerable<(string, string)>)[
            ("scopeless", "/auth/tokens"), ("scopeless-new", "/auth/tokens/new"), ("not-allowed", "/auth/tokens/search")])
        {
            await page.GotoAsync(path);
            (await page.FindViolationsAsync()).ShouldBeEmpty(name);
            if (ScreenshotFolder is not null)
                await page.ScreenshotAsync(new() { Path = Path.Combine(ScreenshotFolder, $"{name}-light-1280.png"), FullPage = true });
        }
    }

    [BrowserFact]
    public async Task The_login_is_accessible()
    {
        foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await using var browser = await site.OpenAsync(
                new() { ColorScheme = scheme, ViewportSize = new() { Width = 1280, Height = 800 } });
            await browser.AddAxeAsync();
            var page = await browser.NewPageAsync();
            async Task CheckAsync(string name)
            {
                (await page.FindViolationsAsync()).ShouldBeEmpty(name);
                if (ScreenshotFolder is not null)
                    await page.ScreenshotAsync(
                        new() { Path = Path.Combine(ScreenshotFolder, $"{name}-{scheme}-1280.png".ToLowerInvariant()), FullPage = true });
            }
            await page.GotoAsync("/auth/tokens");
            await CheckAsync("login");
            foreach (var (name, password, text) in (IEnumerable<(string, string, string)>)[
                ("login-wrong", "wrong", "Wrong username or password."),
                ("login-error", Site.Password, "stranger is not a member of any authorized groups")])
            {
                await page.GetByLabel("Username").FillAsync("stranger");
                await page.GetByLabel("Password").FillAsync(password);
                await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
                await page.GetByText(text).WaitForAsync();
                await CheckAsync(name);
            }
        }
    }
}
