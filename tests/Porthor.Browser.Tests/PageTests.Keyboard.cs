using Microsoft.Playwright;

namespace Porthor.Browser.Tests;

public sealed partial class PageTests
{
    [BrowserFact]
    public async Task The_pages_work_with_a_keyboard_only()
    {
        await using var browser = await site.LogInAsync("typist");
        var page = await browser.NewPageAsync();
        await page.GotoAsync("/auth/tokens");
        // The first tab stop skips the navigation of the page.
        await page.Keyboard.PressAsync("Tab");
        (await FocusedAsync(page)).ShouldBe("Skip to content");
        await page.Keyboard.PressAsync("Enter");
        await page.ShouldHaveUrlAsync($"{site.Url}/auth/tokens#content");
        await page.Locator("#content:focus").WaitForAsync();
        await page.Keyboard.PressAsync("Tab");
        (await FocusedAsync(page)).ShouldBe("New token");
        await page.Keyboard.PressAsync("Enter");
        await page.ShouldHaveUrlAsync($"{site.Url}/auth/tokens/new");

        await TabToAsync(page, "Name");
        await page.Keyboard.TypeAsync("typed");
        await TabToAsync(page, "read:all Can read everything");
        await page.Keyboard.PressAsync("Space");
        await TabToAsync(page, "Create token");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("h1", new() { HasText = "Your new token" }).WaitForAsync();
        await TabToAsync(page, "Copy");
        await page.Keyboard.PressAsync("Enter");
        await TabToAsync(page, "Done");
        await page.Keyboard.PressAsync("Enter");
        await page.ShouldHaveUrlAsync($"{site.Url}/auth/tokens");

        var key = await page.Locator("tr", new() { HasText = "typed" }).Locator(".key").InnerTextAsync();
        await TabToAsync(page, $"Revoke typed, {key}");
        await page.Keyboard.PressAsync("Enter");
        await page.ShouldHaveUrlAsync($"{site.Url}/auth/tokens/{key}/revoke");
        await TabToAsync(page, "Revoke");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Revoked: typed").WaitForAsync();
    }

    /// <summary>Returns the accessible text of the focused element. Fails if the focus is not visible.</summary>
    private static async Task<string> FocusedAsync(IPage page)
    {
        var outline = await page.EvaluateAsync<string>(
            "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth");
        var text = await page.EvaluateAsync<string>(
            "((e) => (e.labels?.[0] ?? e).innerText.replace(/\\s+/g, ' ').trim())(document.activeElement)");
        outline.ShouldBe("solid3px", text);
        return text;
    }

    private static async Task TabToAsync(IPage page, string text)
    {
        List<string> passed = [];
        for (var i = 0; i < 40; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            passed.Add(await FocusedAsync(page));
            if (passed[^1] == text)
                return;
        }
        passed.ShouldContain(text);
    }
}
