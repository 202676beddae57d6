using Porthor.Server.Logging;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>The allowed return URLs: only those of the deployment (contract/login.md 2, deviations 24).</summary>
public sealed partial class ReturnUrlTests : IAsyncLifetime
{
    private const string Refusal = """{"detail":[{"msg":"URL is not at example.com","type":"invalid_return_url","loc":["query","rd"]}]}""";

    private LoginSite site = null!;
    private LoginSite withSubdomains = null!;

    public async ValueTask InitializeAsync()
    {
        site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        withSubdomains = await LoginSite.WithGitHubAsync(Mode.Embedded, settings => settings with { AllowSubdomains = true });
    }

    public async ValueTask DisposeAsync()
    {
        await site.DisposeAsync();
        await withSubdomains.DisposeAsync();
    }

    /// <summary>LGN-002, OUT-002. The URL is returned unchanged.</summary>
    /// <param name="sent">The URL in the redirect; null if it is the same.</param>
    [Theory]
    [InlineData("https://example.com")]
    [InlineData("https://example.com/")]
    [InlineData("https://example.com/foo?a=bar&b=baz#part")]
    [InlineData("https://example.com:443/foo")]
    [InlineData("https://example.com:/foo")]
    [InlineData("http://example.com/")]
    [InlineData("http://example.com:80/")]
    [InlineData("HTTPS://EXAMPLE.com/Path")]
    [InlineData("https://example.com?x=https://evil.example.org/")]
    [InlineData("https://example.com/a b/ü?q=\"<>", "https://example.com/a%20b/%C3%BC?q=%22%3C%3E")]
    [InlineData("https://example.com/%2e%2E/%5Cx")]
    [InlineData("https://example.com/?q=\\d+#\\", "https://example.com/?q=%5Cd+#%5C")]
    [InlineData("https://example.com/?mail=a@b.example&host=x:99")]
    public async Task A_URL_of_the_deployment_is_accepted(string url, string? sent = null)
    {
        var browser = new LoginBrowser(site);
        await browser.BeginAsync(url);
        browser.State.ReturnUrl.ShouldBe(url);
        (await browser.ReturnAsync("some-code-of-github")).ShouldRedirectTo(sent ?? url);
        (await browser.NavigateAsync($"/logout?rd={Uri.EscapeDataString(url)}")).ShouldRedirectTo(sent ?? url);
    }

    /// <summary>LGN-009, OUT-004. Some parsers treat each of these URLs as allowed.</summary>
    [Theory]
    [InlineData("https://foo.example.com/")]
    [InlineData("https://example.org/")]
    [InlineData("https://example.com.evil.org/")]
    [InlineData("https://evilexample.com/")]
    [InlineData("https://example.com@evil.org/")]
    [InlineData("https://example.com:443@evil.org/")]
    [InlineData("https://evil.org/@example.com/")]
    [InlineData("https://evil.org#@example.com/")]
    [InlineData("https://evil.org?@example.com/")]
    [InlineData("https://example.com%2f@evil.org/")]
    [InlineData("https://example.com./")]
    [InlineData("https://[example.com]/")]
    [InlineData("https://[::1/")]
    [InlineData("https://example.com:port/")]
    [InlineData("https:///example.com/")]
    [InlineData("https:/example.com/")]
    [InlineData("https:example.com")]
    [InlineData("https://")]
    [InlineData("https://exämple.com/")]
    [InlineData("https://ｅxample.com/")]
    [InlineData(" https://example.com/")]
    [InlineData("//example.com/")]
    [InlineData("/page")]
    [InlineData("page")]
    [InlineData("example.com")]
    [InlineData("javascript://example.com/%0aalert(1)")]
    [InlineData("ftp://example.com/")]
    [InlineData("data:text/html,example.com")]
    [InlineData("view-source:https://example.com/")]
    public async Task Other_URLs_are_not_accepted(string url)
    {
        foreach (var path in (string[])["/login", "/logout"])
        {
            var browser = new LoginBrowser(site);
            (await browser.NavigateAsync($"{path}?rd={Uri.EscapeDataString(url)}")).ShouldBe(422, Refusal);
            browser.State.ShouldBe(Sessions.SessionState.Empty);
        }
        var line = site.Lines("Bad return URL")[^1];
        line.GetProperty("severity").GetString().ShouldBe("warning");
        line.GetProperty("error").GetString().ShouldBe("URL is not at example.com");
        line.GetProperty("return_url").GetString().ShouldBe(Redaction.Text(url));
    }

    /// <summary>LGN-007, LGN-009.</summary>
    [Fact]
    public async Task A_proxy_can_send_the_return_URL_in_a_header()
    {
        var browser = new LoginBrowser(site);
        (await browser.NavigateAsync("/login?rd=", ("X-Auth-Request-Redirect", LoginSite.Destination))).StatusCode.ShouldBe(307);
        (await browser.ReturnAsync("some-code-of-github")).ShouldRedirectTo(LoginSite.Destination);

        (await new LoginBrowser(site).NavigateAsync("/login", ("X-Auth-Request-Redirect", "https://foo.example.com/")))
            .ShouldBe(422, Refusal);
        (await new LoginBrowser(site).NavigateAsync(
            "/login", ("X-Auth-Request-Redirect", "https://foo.example.com/"), ("X-Forwarded-Host", "foo.example.com")))
            .ShouldBe(422, Refusal);
        (await new LoginBrowser(site).NavigateAsync("/login?rd=https://foo.example.com/", ("X-Forwarded-Host", "foo.example.com")))
            .ShouldBe(422, Refusal);
        // The query takes precedence, and logouts ignore the header.
        await browser.NavigateAsync($"/login?rd={LoginSite.Landing}", ("X-Auth-Request-Redirect", LoginSite.Destination));
        browser.State.ReturnUrl.ShouldBe(LoginSite.Landing);
        (await browser.NavigateAsync("/logout", ("X-Auth-Request-Redirect", LoginSite.Destination))).ShouldRedirectTo(LoginSite.Landing);
    }

    /// <summary>LGN-008.</summary>
    [Theory]
    [InlineData("/login")]
    [InlineData("/login?rd=")]
    [InlineData("/login?RD=https://example.com/")]
    [InlineData("/login?code=&state=x")]
    public async Task A_login_requires_a_return_URL(string path) => (await new LoginBrowser(site).NavigateAsync(path)).ShouldBe(
        422, """{"detail":[{"msg":"No return URL given","type":"invalid_return_url","loc":["query","rd"]}]}""");

    [Fact]
    public async Task The_return_URL_is_checked_at_the_return_too()
    {
        var browser = new LoginBrowser(site);
        await browser.BeginAsync(LoginSite.Destination);
        (await browser.NavigateAsync(
            $"/login?code=some-code-of-github&state={Uri.EscapeDataString(browser.State.State!)}&rd=https://evil.org/"))
            .ShouldBe(422, Refusal);
        (await browser.ReturnAsync("some-code-of-github")).ShouldRedirectTo(LoginSite.Destination);
    }

    [Fact]
    public async Task Only_GET_is_accepted()
    {
        foreach (var path in (string[])["/login", "/logout"])
        {
            var answer = await site.Host.SendAsync(HttpMethod.Post, path);
            answer.ShouldBe(405, """{"detail":"Method Not Allowed"}""");
            answer.Header("Allow").ShouldBe("GET");
        }
        (await site.Host.GetAsync("/oauth2/callback")).StatusCode.ShouldBe(404);
    }
}
