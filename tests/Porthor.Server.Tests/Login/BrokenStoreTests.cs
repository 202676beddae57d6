using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>Logins and logouts while a store is away: 503, and nothing that was handed out or promised.</summary>
public sealed class UnavailableStoreTests
{
    [Fact]
    public async Task Nobody_is_logged_in_or_told_that_their_session_ended()
    {
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var site = await LoginSite.WithGitHubAsync(Mode.Cluster, ownRedis: redis);
        var (browser, answer) = await site.LogInByGitHubAsync();
        answer.ShouldLeadTo(LoginSite.Destination);
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
        // What GitHub handed out for it is given back.
        site.GitHub.Revocations.Count.ShouldBe(1);

        // The browser forgets the session in any case; that it lives on elsewhere is said.
        answer = await browser.GoAsync("/logout");
        answer.StatusCode.ShouldBe(503, answer.Body);
        answer.Body.ShouldContain("This browser is logged out, but the session could not be revoked");
        browser.State.ShouldBe(SessionState.Empty);
        site.Lines("Session was not revoked at logout").Single().GetProperty("token_key").GetString().ShouldBe(session.Key.Value);
        redis.Resume();
    }
}
