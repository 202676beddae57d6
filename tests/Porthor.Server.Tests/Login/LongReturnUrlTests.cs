using Porthor.Server.Tests.Login.Local;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>Logins with long return URLs, which do not fit into the state cookie.</summary>
public sealed partial class LongReturnUrlTests(LocalLoginServers servers) : IClassFixture<LocalLoginServers>
{
    private const string Page = "https://example.com/search/page";

    /// <param name="filling">The content of the query; each <c>&amp;</c> needs three bytes in the request.</param>
    [Theory]
    [InlineData(2000, "x")]
    [InlineData(2500, "x")]
    [InlineData(3000, "x")]
    [InlineData(5000, "a=b&")]
    [InlineData(8000, "x")]
    [InlineData(8000, "&")]
    [InlineData(8000, "%C3%BC")]
    public async Task A_login_redirects_to_a_long_URL(int length, string filling)
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var url = Url(length, filling);
        var browser = new LoginBrowser(site);
        (await browser.BeginAsync(url)).StatusCode.ShouldBe(307);
        // A node of the reference also finds a return URL.
        browser.State.ReturnUrl.ShouldBe(browser.OtherCookies.Count == 0 ? url : Page);
        (await browser.ReturnAsync("some-code-of-github")).ShouldRedirectTo(url);
        browser.State.ShouldBe(new SessionState { Token = browser.State.Token.ShouldNotBeNull(), GitHub = browser.State.GitHub });
        browser.OtherCookies.ShouldBeEmpty();
        (await browser.NavigateAsync($"/logout?rd={Uri.EscapeDataString(url)}")).ShouldRedirectTo(url);
    }

    /// <summary>For nodes of the reference, the state cookie contains the part of the URL that fits.</summary>
    [Fact]
    public async Task A_URL_of_usual_length_is_in_the_state_cookie()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = new LoginBrowser(site);
        var answer = await browser.BeginAsync(Url(1500, "x"));
        answer.Headers["Set-Cookie"].Count.ShouldBe(1);
        browser.State.ReturnUrl.ShouldBe(Url(1500, "x"));
    }

    /// <summary>A longer URL is reduced to its path, and dropped if the path is too long.</summary>
    [Theory]
    [InlineData("https://example.com/search/page?", 8001, "https://example.com/search/page")]
    [InlineData("https://example.com/search/page?", 20000, "https://example.com/search/page")]
    [InlineData("https://example.com/search/page#", 9000, "https://example.com/search/page")]
    [InlineData("https://example.com/", 9000, "https://example.com/")]
    public async Task A_longer_URL_is_reduced_to_its_path(string begin, int length, string expected)
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = new LoginBrowser(site);
        var url = begin.PadRight(length, 'x');
        (await browser.BeginAsync(url)).StatusCode.ShouldBe(307);
        (await browser.ReturnAsync("some-code-of-github")).ShouldRedirectTo(expected);
        (await browser.NavigateAsync($"/logout?rd={Uri.EscapeDataString(url)}")).ShouldRedirectTo(expected);
        site.Lines("Return URL too long, using only its path")[0].GetProperty("length").GetInt64().ShouldBe(length);
        // The URL does not fill the log.
        site.Host.Logs.Raw.ShouldAllBe(line => line.Length < 60_000);
    }

    /// <summary>A long path is stored in additional cookies; nodes of the reference redirect to the root.</summary>
    [Fact]
    public async Task A_long_path_is_kept()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var url = "https://example.com/".PadRight(7000, 'x');
        var browser = new LoginBrowser(site);
        await browser.BeginAsync(url);
        browser.State.ReturnUrl.ShouldBe("https://example.com/");
        (await browser.ReturnAsync("some-code-of-github")).ShouldRedirectTo(url);
    }

    [Fact]
    public async Task A_form_redirects_to_a_long_URL()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        server.LeakDetector.Secret(LocalLoginServers.Password);
        var browser = new FormBrowser(server.Host, server.LeakDetector);
        var form = await browser.OpenFormAsync(Url(8000, "x"));
        var done = await browser.SubmitAsync(form, "ursula");
        (done.StatusCode, done.Header("Location")).ShouldBe((303, Url(8000, "x")));
        done.Headers["Set-Cookie"].Count(cookie => cookie.StartsWith("porthor-return-", StringComparison.Ordinal) && cookie.Contains(
            "; Max-Age=0; Path=/auth/login;", StringComparison.Ordinal))
            .ShouldBe(3);
    }

    /// <summary>The URL of a login can be longer than other URLs, but has a limit.</summary>
    [Theory]
    [InlineData("/login", 65536, 307)]
    [InlineData("/login", 65537, 414)]
    [InlineData("/logout", 65536, 307)]
    [InlineData("/logout", 65537, 414)]
    [InlineData("/login/", 8193, 414)]
    [InlineData("/health", 8193, 414)]
    public async Task The_length_of_a_request_URL_is_limited(string path, int length, int status)
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        (await new LoginBrowser(site).NavigateAsync($"{path}?rd={Page}?".PadRight(length, 'x'))).StatusCode.ShouldBe(status);
    }

    private static string Url(int length, string filling) =>
        $"{Page}?{string.Concat(Enumerable.Repeat(filling, length))}"[..length];
}
