using Microsoft.Playwright;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Browser.Tests;

/// <summary>The use of the pages with a mouse, with a keyboard, and without scripts.</summary>
public sealed partial class PageTests(Site site) : IClassFixture<Site>
{
    [BrowserFact]
    public async Task A_token_is_created_copied_used_and_revoked()
    {
        await using var browser = await site.LogInAsync("maker");
        await browser.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        var page = await browser.NewPageAsync();
        await page.GotoAsync("/auth/tokens");
        await page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Link, new() { Name = "New token" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("from a browser");
        await page.GetByLabel("read:all").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create token" }).ClickAsync();

        var text = await page.GetByLabel("Token", new() { Exact = true }).InputValueAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy" }).ClickAsync();
        await page.GetByText("Copied.").WaitForAsync();
        (await page.EvaluateAsync<string>("navigator.clipboard.readText()")).ShouldBe(text);
        var token = Token.Parse(text);
        await page.ShouldHaveUrlAsync($"{site.Url}/auth/tokens/new");
        (await StatusAsync(token)).ShouldBe(200);

        // A reload posts the form again, which creates nothing. The token is not shown again, neither after the reload nor when the user
        // goes back.
        await page.ReloadAsync();
        await page.ShouldHaveTitleAsync("Token already created");
        await page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Link, new() { Name = "Your tokens" }).ClickAsync();
        await page.ShouldHaveTitleAsync("Your tokens");
        (await page.GetByRole(AriaRole.Row).Filter(new() { HasText = "from a browser" }).CountAsync()).ShouldBe(1);
        // The previous page is the response to the form, which was not cached. The browser would ask whether to send the form again.
        (await Should.ThrowAsync<PlaywrightException>(() => page.BackAsync())).Message.ShouldContain("ERR_CACHE_MISS");
        page = await browser.NewPageAsync();
        await page.GotoAsync("/auth/tokens");

        await page.GetByRole(AriaRole.Link, new() { Name = $"Revoke from a browser, {token.Key}" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await page.GetByRole(AriaRole.Status).Filter(new() { HasText = "Revoked: from a browser" }).WaitForAsync();
        (await StatusAsync(token)).ShouldBe(401);
        await page.GetByRole(AriaRole.Link, new() { Name = "Your history" }).ClickAsync();
        await page.ShouldHaveTitleAsync("Your history");
        (await page.GetByRole(AriaRole.Row).CountAsync()).ShouldBe(4);
    }

    [BrowserFact]
    public async Task Everything_works_without_scripts()
    {
        await using var browser = await site.LogInAsync("scriptless", options: new() { JavaScriptEnabled = false });
        var page = await browser.NewPageAsync();
        await page.GotoAsync("/auth/tokens/new");
        await page.GetByLabel("Name").FillAsync("plain");
        await page.GetByLabel("Expires").SelectOptionAsync("never");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create token" }).ClickAsync();
        var token = Token.Parse((await page.GetByLabel("Token", new() { Exact = true }).GetAttributeAsync("value"))!);
        // Buttons that need scripts are not shown.
        (await page.GetByRole(AriaRole.Button).CountAsync()).ShouldBe(0);
        await page.GotoAsync($"/auth/tokens/{token.Key}/revoke");
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await page.GetByText("Revoked: plain").WaitForAsync();
        (await StatusAsync(token)).ShouldBe(401);
    }

    /// <summary>
    /// The form of a new token has one choice for the expiration. The date field is shown only if the choice needs it, also without
    /// scripts.
    /// </summary>
    [BrowserFact]
    public async Task The_date_field_is_shown_only_if_the_choice_needs_it()
    {
        foreach (var scripts in (bool[])[true, false])
        {
            await using var browser = await site.LogInAsync(
                $"expiring-{scripts}".ToLowerInvariant(), options: new() { JavaScriptEnabled = scripts });
            var page = await browser.NewPageAsync();
            await page.GotoAsync("/auth/tokens/new");
            var day = page.GetByLabel("Date", new() { Exact = true });
            (await day.IsVisibleAsync()).ShouldBeFalse();
            await page.GetByLabel("Name").FillAsync("until a day");
            await page.GetByLabel("Expires").SelectOptionAsync("day");
            await day.WaitForAsync();
            await day.FillAsync("2030-12-31");

            // A date together with another choice is an error. The page then shows both fields.
            await page.GetByLabel("Expires").SelectOptionAsync("never");
            await day.WaitForAsync(new() { State = WaitForSelectorState.Hidden });
            await page.GetByRole(AriaRole.Button, new() { Name = "Create token" }).ClickAsync();
            await page.GetByText("not both").WaitForAsync();
            (await day.InputValueAsync()).ShouldBe("2030-12-31");
            (await day.IsVisibleAsync()).ShouldBeTrue();

            await page.GetByLabel("Expires").SelectOptionAsync("day");
            await page.GetByRole(AriaRole.Button, new() { Name = "Create token" }).ClickAsync();
            var token = Token.Parse((await page.GetByLabel("Token", new() { Exact = true }).GetAttributeAsync("value"))!);
            (await site.Porthor.Tokens.GetDataAsync(token))!.Expires.ShouldBe(new DateTimeOffset(2031, 1, 1, 0, 0, 0, TimeSpan.Zero));
        }
    }

    [BrowserFact]
    public async Task History_can_be_paged_in_both_directions()
    {
        await using var browser = await site.LogInAsync("historian");
        var caller = await site.Porthor.Tokens.CallerAsync(
            site.Porthor.Core.SessionCookie.TryRead((await browser.CookiesAsync()).Single().Value, out _)!.Token!);
        for (var i = 0; i < 60; i++)
            await site.Porthor.Tokens.CreateUserTokenAsync(
                caller, "historian", new UserTokenRequest($"token {i}", Values.ScopeSet.Empty, Expires: null));
        var page = await browser.NewPageAsync();
        await page.GotoAsync("/auth/tokens/history");
        var first = await page.Locator("tbody .key").AllInnerTextsAsync();
        first.Count.ShouldBe(50);
        await page.GetByRole(AriaRole.Link, new() { Name = "Older" }).ClickAsync();
        await page.GetByText("61 changes, 11 on this page").WaitForAsync();
        (await page.GetByRole(AriaRole.Link, new() { Name = "Older" }).CountAsync()).ShouldBe(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "Newer" }).ClickAsync();
        await page.GetByText("61 changes, 50 on this page").WaitForAsync();
        (await page.Locator("tbody .key").AllInnerTextsAsync()).ShouldBe(first);
    }

    /// <summary>Returns the status of an API request with this token.</summary>
    private async Task<int> StatusAsync(Token token) =>
        (await site.Porthor.GetAsync("/auth/api/v1/token-info", TestServer.Bearer(token))).StatusCode;
}
