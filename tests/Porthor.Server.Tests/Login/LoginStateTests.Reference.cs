using Porthor.Secrets;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class LoginStateTests
{
    /// <summary>Cookies of the reference are accepted: times as numbers, and without Porthor's fields.</summary>
    [Fact]
    public async Task A_login_started_by_the_reference_is_completed()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var start = site.Clock.GetUtcNow().ToUnixTimeSeconds() - 5;
        var json = $$"""{"return_url":"{{LoginSite.Destination}}","state":"AAAAAAAAAAAAAAAAAAAAAA==","login_start":{{start}}}""";
        var cookie = System.Text.Encoding.ASCII.GetString(
            new Fernet(site.Host.Core.SessionKeys, TimeProvider.System).Encrypt(System.Text.Encoding.UTF8.GetBytes(json)));
        var answer = await site.Host.GetAsync(
            "/login?code=some-code-of-github&state=AAAAAAAAAAAAAAAAAAAAAA%3D%3D", ("Cookie", $"gafaelfawr=\"{cookie}\""));
        answer.ShouldRedirectTo(LoginSite.Destination);
        site.Metrics.Of("login_elapsed").ShouldBe([5.75]);
    }

    /// <summary>An unreadable cookie is treated as missing and replaced at the next login.</summary>
    [Fact]
    public async Task An_unreadable_cookie_does_not_prevent_a_login()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var answer = await site.Host.GetAsync($"/login?rd={LoginSite.Landing}", ("Cookie", "gafaelfawr=gAAAAABnonsense"));
        answer.StatusCode.ShouldBe(307);
        answer.Header("Set-Cookie").ShouldNotBeNull();
        site.Lines("Discarding invalid state cookie").Count.ShouldBe(1);
    }
}
