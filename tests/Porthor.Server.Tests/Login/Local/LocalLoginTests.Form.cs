using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login.Local;

public sealed partial class LocalLoginTests
{
    [Theory, EveryMode]
    public async Task A_form_without_a_login_in_progress_redirects(Mode mode)
    {
        var (server, browser) = await StartAsync(mode);
        // No login was started.
        var shown = await browser.GetAsync("/auth/login");
        (shown.StatusCode, shown.Header("Location")).ShouldBe((307, "https://example.com/"));
        var sent = await browser.PostAsync([("state", "x"), ("username", "carol"), ("password", LocalLoginServers.Password)]);
        (sent.StatusCode, sent.Header("Location")).ShouldBe((303, "https://example.com/"));
        browser.Cookies.ShouldBeEmpty();

        // Another tab completed the login: this form is invalid, and so is one that is submitted again.
        var form = await browser.OpenFormAsync();
        (await browser.SubmitAsync(form, "carol")).StatusCode.ShouldBe(303);
        var session = browser.State.Token;
        (await browser.SubmitAsync(form, "carol")).Header("Location").ShouldBe("https://example.com/");
        browser.State.Token.ShouldBe(session);
        // A provider's authorization code is not accepted either.
        await browser.OpenFormAsync();
        var code = await browser.GetAsync($"/login?code=x&state={Uri.EscapeDataString(browser.State.State!)}");
        (code.StatusCode, browser.State.Token).ShouldBe((403, session));
        server.Host.Logs.Raw.ShouldNotContain(line => line.Contains(FormBrowser.StateIn(form), StringComparison.Ordinal));
    }

    /// <summary>The form is accessible: it has labels, hints for password managers, and no script. Headers restrict the browser.</summary>
    [Fact]
    public async Task The_form_needs_no_script_and_cannot_be_framed()
    {
        var (_, browser) = await StartAsync(Mode.Embedded);
        var form = await browser.OpenFormAsync();
        foreach (var part in (string[])[
            "<html lang=\"en\">", "<label for=\"username\">", "<label for=\"password\">", "autocomplete=\"username\"",
            "autocomplete=\"current-password\"", "type=\"password\"", "<form method=\"post\" action=\"/auth/login\">",
            "<button type=\"submit\">"])
            form.Body.ShouldContain(part);
        foreach (var part in (string[])["style=", "onclick", "http"])
            form.Body.ShouldNotContain(part);
        form.Header("Content-Security-Policy").ShouldBe(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self' https: http:; frame-ancestors "
                + "'none'; base-uri 'none'");
        (form.Header("X-Content-Type-Options"), form.Header("Referrer-Policy")).ShouldBe(("nosniff", "same-origin"));
        // The entered username is shown again only if it is a valid username.
        (await browser.SubmitAsync(form, "mallory", "x")).Body.ShouldContain(" value=\"mallory\"");
        foreach (var typed in (string[])["\"><script>alert(1)</script>", LocalLoginServers.Password])
            (await browser.SubmitAsync(form, typed, "x")).Body.ShouldNotContain(typed);
    }

    [Fact]
    public async Task Cookies_are_HttpOnly_and_Secure()
    {
        var (_, browser) = await StartAsync(Mode.Embedded);
        var done = await browser.LogInAsync("dave");
        done.Headers["Set-Cookie"].Select(cookie => cookie[(cookie.IndexOf(';') + 2)..]).ShouldBe(
            ["HttpOnly; Max-Age=34560000; Path=/auth/login; SameSite=strict; Secure", "HttpOnly; Path=/; SameSite=lax; Secure"]);
    }
}
