using Porthor.Secrets;
using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class LogoutTests
{
    /// <summary>OUT-006.</summary>
    [Fact]
    public async Task The_grant_of_GitHub_is_revoked()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var (browser, _) = await site.LogInByGitHubAsync();
        (await browser.NavigateAsync("/logout")).ShouldRedirectTo(LoginSite.Landing);
        var revocation = site.GitHub.Revocations.ShouldHaveSingleItem();
        revocation.Json.GetRawText().ShouldBe($$"""{"access_token":"{{FakeGitHub.AccessToken}}"}""");
        revocation.Headers["Accept"].ShouldBe("application/vnd.github+json");
        revocation.Headers["Authorization"].ShouldBe(TestServer.Basic(FakeGitHub.ClientId, FakeGitHub.ClientSecret).Item2);
        var events = site.Host.Logs.Lines.Select(line => line.GetProperty("event").GetString()).ToList();
        events.IndexOf("Revoked GitHub OAuth authorization").ShouldBeInRange(0, events.IndexOf("Successful logout") - 1);
    }

    [Fact]
    public async Task An_error_of_GitHubs_revocation_does_not_prevent_a_logout()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var (browser, _) = await site.LogInByGitHubAsync();
        site.External.On("DELETE", $"/api/applications/{FakeGitHub.ClientId}/grant", ExternalReply.Of(404, new { message = "Not Found" }));
        (await browser.NavigateAsync("/logout")).ShouldRedirectTo(LoginSite.Landing);
        (await browser.AuthorizeAsync()).ShouldBe(401);
        var warning = site.Lines("Unable to revoke GitHub OAuth authorization").Single();
        warning.GetProperty("severity").GetString().ShouldBe("warning");
        warning.GetProperty("error").GetString()!.ShouldStartWith("Status 404 from DELETE");
    }

    /// <summary>Without a session, a GitHub token in the cookie is not revoked; it is removed with the cookie.</summary>
    [Fact]
    public async Task Without_a_session_no_grant_is_revoked()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = new LoginBrowser(site) { State = new SessionState { GitHub = new Secret(FakeGitHub.AccessToken) } };
        (await browser.NavigateAsync("/logout")).ShouldRedirectTo(LoginSite.Landing);
        browser.State.ShouldBe(SessionState.Empty);
        site.GitHub.Revocations.ShouldBeEmpty();
    }
}
