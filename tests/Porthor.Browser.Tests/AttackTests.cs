using Microsoft.Playwright;
using Porthor.Testing;

namespace Porthor.Browser.Tests;

/// <summary>What pages of others can make a visitor's browser do to ours: nothing.</summary>
public sealed class AttackTests(Site site) : IClassFixture<Site>
{
    /// <summary>From a foreign site the browser leaves the cookie out; from a neighbour's it sends it, and tells that it is one.</summary>
    [BrowserFact]
    public async Task A_form_of_another_site_does_nothing()
    {
        foreach (var (origin, title) in (IEnumerable<(string, string)>)[
            ("https://evil.example", "Signed out"), (site.Url.Replace("://", "://evil.", StringComparison.Ordinal), "Not done")])
        {
            await using var browser = await site.LogInAsync("victim");
            var page = await browser.NewPageAsync();
            await page.RouteAsync($"{origin}/**", route => route.FulfillAsync(new()
            {
                ContentType = "text/html",
                Body = $"""
                    <form method="post" action="{site.Url}/auth/tokens/new"><input name="name" value="planted"><input name="lifetime" value="never">
                    <input name="csrf" value="guessed"></form><script>document.forms[0].submit()</script>
                    """,
            }));
            await page.GotoAsync($"{origin}/");
            await page.WaitForURLAsync("**/auth/tokens/new");
            await page.ShouldBeTitledAsync(title);
            (await page.ContentAsync()).ShouldNotContain("planted");
        }
        (await site.Porthor.GetAsync("/auth/api/v1/users/victim/tokens", TestServer.Bearer((await site.Porthor.Tokens.SessionForAsync("victim")).Record.Token)))
            .Body.ShouldNotContain("planted");
    }

    [BrowserFact]
    public async Task Our_pages_are_shown_in_no_frame()
    {
        await using var browser = await site.LogInAsync("framed");
        var page = await browser.NewPageAsync();
        var origin = site.Url.Replace("://", "://evil.", StringComparison.Ordinal);
        await page.RouteAsync($"{origin}/**", route => route.FulfillAsync(new() { ContentType = "text/html", Body = $"""<iframe src="{site.Url}/auth/tokens/new"></iframe>""" }));
        await page.GotoAsync($"{origin}/");
        page.Frames[^1].Url.ShouldBe("chrome-error://chromewebdata/");
        (await page.FrameLocator("iframe").GetByLabel("Name").CountAsync()).ShouldBe(0);
    }

    /// <summary>The policy is a second wall: even what was written into a page would not run.</summary>
    [BrowserFact]
    public async Task A_script_in_a_page_would_not_run()
    {
        await using var browser = await site.LogInAsync("scripted");
        var page = await browser.NewPageAsync();
        await page.GotoAsync("/auth/tokens");
        await page.EvaluateAsync("""
            () => {
                const script = document.createElement('script');
                script.textContent = 'document.title = "taken over"';
                document.body.append(script);
                document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="document.title = \'taken over\'"><p style="position: fixed">over</p>');
            }
            """);
        await page.ShouldBeTitledAsync("Your tokens");
        (await page.EvaluateAsync<string>("getComputedStyle(document.querySelector('body > p')).position")).ShouldBe("static");
    }

    /// <summary>One tab revokes the session; the form in the other must say so, and make nothing.</summary>
    [BrowserFact]
    public async Task A_form_whose_session_has_ended_elsewhere_says_so()
    {
        await using var browser = await site.LogInAsync("two-tabs");
        var first = await browser.NewPageAsync();
        var second = await browser.NewPageAsync();
        await second.GotoAsync("/auth/tokens/new");
        await second.GetByLabel("Name").FillAsync("too late");
        await first.GotoAsync("/auth/tokens");
        await first.Locator("tr", new() { HasText = "this browser" }).GetByRole(AriaRole.Link, new() { Name = "Revoke" }).ClickAsync();
        await first.GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await first.GetByText("The session of this browser is revoked.").WaitForAsync();

        await second.GetByRole(AriaRole.Button, new() { Name = "Create token" }).ClickAsync();
        await second.GetByText("Your session has ended. Nothing was changed.").WaitForAsync();
        // Nor does going back show what was seen before.
        await first.BackAsync();
        (await first.ContentAsync()).ShouldNotContain("this browser");
    }
}
