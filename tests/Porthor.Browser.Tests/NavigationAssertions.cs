using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Porthor.Browser.Tests;

/// <summary>
/// Where a click, a key or a form has led to. The browser may be on its way there for as long as it takes, so each of these waits; none does
/// it by a script in the page, which the page's policy would stop.
/// </summary>
internal static class NavigationAssertions
{
    /// <summary>What Chromium says while a page of one process gives way to one of another; a person would press the button again.</summary>
    private const string BetweenTwoPages = "Not attached to an active page";

    private static readonly PageAssertionsToHaveURLOptions UrlPatience = new() { Timeout = 20_000 };
    private static readonly PageAssertionsToHaveTitleOptions TitlePatience = new() { Timeout = 20_000 };

    /// <param name="url">All of it, and letter by letter: given as text it would be compared decoded.</param>
    public static async Task ShouldArriveAtAsync(this IPage page, string url)
    {
        await Expect(page).ToHaveURLAsync(new Regex($"^{Regex.Escape(url)}$", RegexOptions.None, TimeSpan.FromSeconds(1)), UrlPatience);
        await page.WaitForLoadStateAsync();
    }

    public static Task ShouldBeTitledAsync(this IPage page, string title) => Expect(page).ToHaveTitleAsync(title, TitlePatience);

    /// <summary>Goes back, once the page is all there.</summary>
    public static async Task BackAsync(this IPage page)
    {
        await page.WaitForLoadStateAsync();
        try
        {
            await page.GoBackAsync();
        }
        catch (PlaywrightException e) when (e.Message.Contains(BetweenTwoPages, StringComparison.Ordinal))
        {
            await page.GoBackAsync();
        }
    }
}
