using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>Logins and logouts while a store is unavailable: the status is 503, and no session is issued or reported as revoked.</summary>
public sealed class UnavailableStoreTests
{
    [Fact]
    public async Task No_session_is_issued_or_reported_as_revoked()
    {
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var site = await LoginSite.WithGitHubAsync(Mode.Cluster, ownRedis: redis);
        var (browser, answer) = await site.LogInByGitHubAsync();
        answer.ShouldRedirectTo(LoginSite.Destination);
        var session = browser.State.Token!;

        redis.Pause();
        var other = new LoginBrowser(site);
        await other.BeginAsync(LoginSite.Destination);
        answer = await other.ReturnAsync("another-code-of-github");
        answer.StatusCode.ShouldBe(503, answer.Body);
        answer.Body.ShouldContain("<strong>Error:</strong> Cannot create a session: ");
        answer.Header("Retry-After").ShouldBe("1");
        other.State.ShouldBe(SessionState.Empty);
        site.Metrics.Logins.ShouldBe((2, 1, 1, 0));
        // The GitHub token of this login is revoked.
        site.GitHub.Revocations.Count.ShouldBe(1);

        // The browser's cookie is deleted in any case; the page states that the session is still valid.
        answer = await browser.NavigateAsync("/logout");
        answer.StatusCode.ShouldBe(503, answer.Body);
        answer.Body.ShouldContain("This browser is logged out, but the session could not be revoked");
        browser.State.ShouldBe(SessionState.Empty);
        site.Lines("Session was not revoked at logout").Single().GetProperty("token_key").GetString().ShouldBe(session.Key.Value);
        redis.Resume();
    }
}
