using Microsoft.Playwright;
using Porthor.Testing;

namespace Porthor.Browser.Tests;

/// <summary>Attacks from pages of other sites on a signed-in user's browser.</summary>
public sealed class AttackTests(Site site) : IClassFixture<Site>
{
    /// <summary>
    /// The browser does not send the cookie with a form of another site. With a form of a subdomain, it sends the cookie and marks the
    /// request as same-site.
    /// </summary>
    [BrowserFact]
    public async Task A_form_of_another_site_changes_nothing()
    {
        foreach (var (origin, title) in (IEnumerable<(string, string)>)[
            ("https://evil.example", "Signed out"), (site.Url.Replace("://", "://evil.", StringComparison.Ordinal), "Form not accepted")])
        {
            await using var browser = await site.LogInAsync("victim");
            var page = await browser.NewPageAsync();
            await page.RouteAsync($"{origin}/**", route => route.FulfillAsync(new()
            {
                ContentType = "text/html",
                Body = $"""
                    <form method="post" action="{site.Url}/auth/tokens/new">
                    <input name="name" value="planted"><input name="lifetime" value="never">
                    <input name="csrf" value="guessed"></form><script>document.forms[0].submit()</script>
                    """,
            }));
            await page.GotoAsync($"{origin}/");
            await page.WaitForURLAsync("**/auth/tokens/new");
            await page.ShouldHaveTitleAsync(title);
            (await page.ContentAsync()).ShouldNotContain("planted");
        }
        (await site.Porthor.GetAsync(
            "/auth/api/v1/users/victim/tokens", TestServer.Bearer((await site.Porthor.Tokens.SessionForAsync("victim")).Record.Token)))
            .Body.ShouldNotContain("planted");
    }

    [BrowserFact]
    public async Task Porthors_pages_cannot_be_framed()
    {
        await using var browser = await site.LogInAsync("framed");
        var page = await browser.NewPageAsync();
        var origin = site.Url.Replace("://", "://evil.", StringComparison.Ordinal);
        await page.RouteAsync($"{origin}/**", route =>
            route.FulfillAsync(new() { ContentType = "text/html", Body = $"""<iframe src="{site.Url}/auth/tokens/new"></iframe>""" }));
        await page.GotoAsync($"{origin}/");
        page.Frames[^1].Url.ShouldBe("chrome-error://chromewebdata/");
        (await page.FrameLocator("iframe").GetByLabel("Name").CountAsync()).ShouldBe(0);
    }

    /// <summary>The content security policy prevents that an injected script runs.</summary>
    [BrowserFact]
    public async Task An_injected_script_does_not_run()
    {
        await using var browser = await site.LogInAsync("scripted");
        var page = await browser.NewPageAsync();
        await page.GotoAsync("/auth/tokens");
        await page.EvaluateAsync("""
            () => {
                const script = document.createElement('script');
                script.textContent = 'document.title = "taken over"';
                document.body.append(script);
                document.body.insertAdjacentHTML(
                    'beforeend',
                    '<img src="x" onerror="document.title = \'taken over\'"><p style="position: fixed">over</p>');
            }
            """);
        await page.ShouldHaveTitleAsync("Your tokens");
        (await page.EvaluateAsync<string>("getComputedStyle(document.querySelector('body > p')).position")).ShouldBe("static");
    }

    /// <summary>One tab revokes the session. The form in the other tab must report this and create nothing.</summary>
    [BrowserFact]
    public async Task A_form_reports_that_its_session_was_revoked_in_another_tab()
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
        await second.GetByText("Your session is no longer valid. Nothing was changed.").WaitForAsync();
        // Going back does not show the earlier page either.
        await first.BackAsync();
        (await first.ContentAsync()).ShouldNotContain("this browser");
    }
}
