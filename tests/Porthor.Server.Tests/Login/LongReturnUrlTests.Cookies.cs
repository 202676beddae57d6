using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class LongReturnUrlTests
{
    [Fact]
    public async Task The_URL_of_the_last_tab_is_used()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = new LoginBrowser(site);
        foreach (var url in (string[])[Url(8000, "x"), LoginSite.Destination, Url(4000, "y"), Url(7000, "z"), Url(3500, "w")])
        {
            await browser.BeginAsync(url);
            // Another page request reads the cookie in the meantime.
            await browser.NavigateAsync("/auth/api/v1/login");
            var copy = new LoginBrowser(site) { State = browser.State };
            foreach (var (name, more) in browser.OtherCookies)
                copy.OtherCookies[name] = more;
            (await copy.NavigateAsync($"/login?error=access_denied&state={Uri.EscapeDataString(copy.State.State!)}"))
                .Body.ShouldContain(Uri.EscapeDataString(url));
        }
        (await browser.ReturnAsync("some-code-of-github")).ShouldRedirectTo(Url(3500, "w"));
    }

    /// <summary>The additional cookies are valid only for the login for which they were set.</summary>
    [Fact]
    public async Task Cookies_of_another_login_are_ignored()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var attacker = new LoginBrowser(site);
        await attacker.BeginAsync(Url(5000, "x"));
        attacker.OtherCookies.Count.ShouldBe(2);
        foreach (var change in (Action<Dictionary<string, (string Value, string Path)>>[])
            [
                _ => { },
                more => more["porthor-return-0"] = ("1." + more["porthor-return-0"].Value[2..], "/login"),
                more => more["porthor-return-0"] = ("9." + more["porthor-return-0"].Value[2..], "/login"),
                more => more["porthor-return-0"] = ("", "/login"),
                more => more["porthor-return-0"] = ("2.", "/login"),
                more => more["porthor-return-0"] = ("-2.x", "/login"),
                more => more["porthor-return-1"] = ("\u00fc", "/login"),
            ])
        {
            var victim = new LoginBrowser(site);
            await victim.BeginAsync(Url(5000, "y"));
            foreach (var (name, more) in attacker.OtherCookies)
                victim.OtherCookies[name] = more;
            change(victim.OtherCookies);
            (await victim.ReturnAsync("some-code-of-github")).ShouldRedirectTo(Page);
        }
    }
}
