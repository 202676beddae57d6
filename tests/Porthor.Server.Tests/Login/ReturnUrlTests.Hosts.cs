using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class ReturnUrlTests
{
    /// <summary>Deviations 39: the same host with user info or another port.</summary>
    [Theory]
    [InlineData("https://user:word@example.com/", "URL contains a user name")]
    [InlineData("https://user@example.com/", "URL contains a user name")]
    [InlineData("https://@example.com/", "URL contains a user name")]
    [InlineData("https://example.com@example.com/", "URL contains a user name")]
    [InlineData("https://example.com:4444/foo?a=bar&b=baz#part", "URL is not at the port of https://example.com")]
    [InlineData("https://example.com:80/", "URL is not at the port of https://example.com")]
    [InlineData("https://example.com:65536/", "URL is not at the port of https://example.com")]
    [InlineData("https://example.com:99999/", "URL is not at the port of https://example.com")]
    [InlineData("https://example.com:0/", "URL is not at the port of https://example.com")]
    [InlineData("http://example.com:8080/", "URL is not at the port of https://example.com")]
    [InlineData("https://example.com/x\r\nSet-Cookie: a=b", "URL contains control characters")]
    [InlineData("https://example.com/a\tb", "URL contains control characters")]
    [InlineData("https://exam\nple.com/", "URL contains control characters")]
    [InlineData("https://example.com/?a=\0", "URL contains control characters")]
    [InlineData("https://example.com/?a=\u007f", "URL contains control characters")]
    [InlineData("https://example.com/\\evil.org", "URL contains a backslash")]
    [InlineData("https://example.com\\evil.org", "URL contains a backslash")]
    public async Task Another_port_or_a_user_name_is_rejected(string url, string error)
    {
        foreach (var path in (string[])["/login", "/logout"])
        {
            (await new LoginBrowser(site).NavigateAsync($"{path}?rd={Uri.EscapeDataString(url)}"))
                .ShouldBe(422, $$"""{"detail":[{"msg":"{{error}}","type":"invalid_return_url","loc":["query","rd"]}]}""");
        }
        site.Lines("Bad return URL")[^1].GetProperty("error").GetString().ShouldBe(error);
    }

    /// <summary>A site with its own port.</summary>
    [Theory]
    [InlineData("https://example.com:8443", "https://example.com:8443/x", true)]
    [InlineData("https://example.com:8443", "http://example.com:8443/x", true)]
    [InlineData("https://example.com:8443", "https://example.com/x", false)]
    [InlineData("https://example.com:8443", "https://example.com:443/x", false)]
    [InlineData("https://example.com:8443", "http://example.com/x", false)]
    [InlineData("https://example.com:8443", "https://example.com:84430/x", false)]
    [InlineData("http://example.com", "http://example.com/x", true)]
    [InlineData("http://example.com", "https://example.com/x", true)]
    [InlineData("http://example.com", "http://example.com:443/x", false)]
    [InlineData("http://[::1]:8080", "http://[::1]:8080/x", true)]
    [InlineData("http://[::1]:8080", "http://[::1]:8081/x", false)]
    public async Task The_port_must_be_that_of_the_base_URL(string baseUrl, string url, bool accepted)
    {
        await using var other = await LoginSite.WithGitHubAsync(Mode.Embedded, settings => settings with { BaseUrl = new Uri(baseUrl) });
        (await new LoginBrowser(other).BeginAsync(url)).StatusCode.ShouldBe(accepted ? 307 : 422);
    }

    /// <summary>LGN-019, OUT-005.</summary>
    [Theory]
    [InlineData("https://foo.example.com/x", true)]
    [InlineData("https://foo.example.com:4444/x", false)]
    [InlineData("https://user@foo.example.com/x", false)]
    [InlineData("https://a.b.example.com/", true)]
    [InlineData("https://example.com:443/", true)]
    [InlineData("https://fooexample.com/", false)]
    [InlineData("https://.example.com.org/", false)]
    [InlineData("https://example.org/", false)]
    public async Task Subdomains_are_accepted_if_configured(string url, bool accepted)
    {
        var browser = new LoginBrowser(withSubdomains);
        var answer = await browser.BeginAsync(url);
        answer.StatusCode.ShouldBe(accepted ? 307 : 422);
        (await browser.NavigateAsync($"/logout?rd={url}")).StatusCode.ShouldBe(accepted ? 307 : 422);
        if (accepted)
            answer.Header("Set-Cookie")!.ShouldEndWith("; Domain=example.com; HttpOnly; Path=/; SameSite=lax; Secure");
    }
}
