using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Web;

public sealed partial class PageAccessTests
{
    [Fact]
    public async Task While_a_store_is_unavailable_the_page_reports_this()
    {
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var host = await TestServer.StartAsync(Mode.Cluster, ownRedis: redis);
        var session = (await host.Tokens.SessionForAsync("patient")).Record.Token;
        var cookie = host.Cookie(new SessionState { Token = session, Csrf = "c" });
        (await host.GetAsync(PageClient.Tokens, cookie)).StatusCode.ShouldBe(200);
        redis.Pause();
        var answer = await host.GetAsync(PageClient.Tokens, cookie);
        redis.Resume();
        // The session's state is unknown, so there is no redirect to the login.
        answer.StatusCode.ShouldBe(503);
        answer.Header("Content-Type").ShouldBe("text/html; charset=utf-8");
        answer.Body.ShouldContain("Your account and your tokens are not the cause.");
        host.Logs.Lines.ShouldContain(line => line.GetProperty("event").GetString() == "Store not available");
    }

    /// <summary>A session without a CSRF value, which sessions of the reference can have.</summary>
    [Theory, EveryMode]
    public async Task A_session_without_a_CSRF_value_for_forms_gets_one(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("valueless");
        var answer = await server.SendAsync(
            HttpMethod.Get, PageClient.NewToken, null, server.Host.Cookie(new SessionState { Token = browser.Session }));
        var set = answer.Header("Set-Cookie")!;
        set.ShouldStartWith("gafaelfawr=");
        var state = server.Host.Core.SessionCookie.TryRead(set.Split('=', 2)[1].Split(';')[0].Trim('"'), out _)!;
        answer.Body.ShouldContain($"""<input type="hidden" name="csrf" value="{state.Csrf}" """);
        // A session with a CSRF value keeps it.
        (await server.OpenAsync(browser, PageClient.NewToken)).Answer.Header("Set-Cookie").ShouldBeNull();
    }
}
