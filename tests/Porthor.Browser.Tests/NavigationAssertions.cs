using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Porthor.Browser.Tests;

/// <summary>
/// Assertions about the page after a click, a key or a form. The browser may still be loading the page, so each assertion waits. None of
/// them runs a script in the page, which the content security policy would block.
/// </summary>
internal static class NavigationAssertions
{
    /// <summary>Chromium's error while it switches between pages of different processes. A user would press the button again.</summary>
    private const string InactivePageMessage = "Not attached to an active page";

    private static readonly PageAssertionsToHaveURLOptions UrlOptions = new() { Timeout = 20_000 };
    private static readonly PageAssertionsToHaveTitleOptions TitleOptions = new() { Timeout = 20_000 };

    /// <param name="url">The complete URL, compared exactly. Playwright would compare a text after decoding it.</param>
    public static async Task ShouldHaveUrlAsync(this IPage page, string url)
    {
        await Expect(page).ToHaveURLAsync(new Regex($"^{Regex.Escape(url)}$", RegexOptions.None, TimeSpan.FromSeconds(1)), UrlOptions);
        await page.WaitForLoadStateAsync();
    }

    public static Task ShouldHaveTitleAsync(this IPage page, string title) => Expect(page).ToHaveTitleAsync(title, TitleOptions);

    /// <summary>Goes back after the page has loaded completely.</summary>
    public static async Task BackAsync(this IPage page)
    {
        await page.WaitForLoadStateAsync();
        try
        {
            await page.GoBackAsync();
        }
        catch (PlaywrightException e) when (e.Message.Contains(InactivePageMessage, StringComparison.Ordinal))
        {
            await page.GoBackAsync();
        }
    }
}
