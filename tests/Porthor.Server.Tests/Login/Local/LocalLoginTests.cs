using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login.Local;

/// <summary>Logins with a username and a password in a browser.</summary>
public sealed partial class LocalLoginTests(LocalLoginServers servers) : IClassFixture<LocalLoginServers>
{
    private const string Wrong = "Wrong username or password.";

    [Theory, EveryMode]
    public async Task A_user_logs_in_with_a_form(Mode mode)
    {
        var (server, browser) = await StartAsync(mode);
        // A user who must log in is redirected to the form.
        var sent = await browser.GetAsync("/login?rd=" + Uri.EscapeDataString(FormBrowser.Destination));
        (sent.StatusCode, sent.Header("Location"), sent.Body).ShouldBe((307, "/auth/login", ""));
        browser.State.ReturnUrl.ShouldBe(FormBrowser.Destination);
        var form = await browser.GetAsync("/auth/login");
        (form.StatusCode, form.Header("Content-Type"), form.Header("Cache-Control")).ShouldBe(
            (200, "text/html; charset=utf-8", "no-cache, no-store"));
        FormBrowser.StateIn(form).ShouldBe(browser.State.State);

        // From the form, the redirect uses GET, so that the password is not sent to the return URL.
        var lineCount = server.CountLines();
        var done = await browser.SubmitAsync(form, "alice");
        (done.StatusCode, done.Header("Location"), done.Body).ShouldBe((303, FormBrowser.Destination, ""));

        // The user has a session with their user data.
        var login = await browser.GetAsync("/auth/api/v1/login");
        login.Json.GetProperty("username").GetString().ShouldBe("alice");
        login.Json.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()).ShouldBe(
            ["admin:token", "read:all", "user:token"]);
        (await browser.GetAsync("/auth/api/v1/user-info")).Body.ShouldBe(
            """{"username":"alice","name":"Alice Example","email":"alice@example.com","uid":2000,"gid":2000,"groups":["""
                + """{"name":"admins","id":3001},{"name":"alice","id":2000}]}""");
        (await browser.GetAsync("/auth/api/v1/token-info")).Json.GetProperty("token_type").GetString().ShouldBe("session");
        var (state, session) = (browser.State, browser.State.Token!);
        state.ShouldBe(new SessionState { Token = session, Csrf = state.Csrf });
        var line = server.LinesSince(lineCount, "Successfully authenticated user alice").ShouldHaveSingleItem();
        line.GetProperty("token_key").GetString().ShouldBe(session.Key.Value);
        var history = (await browser.GetAsync("/auth/api/v1/users/alice/token-change-history")).Json[0];
        (history.GetProperty("action").GetString(), history.GetProperty("actor").GetString(), history.GetProperty("ip_address").GetString())
            .ShouldBe(("create", "alice", browser.Address));
    }

    /// <summary>A user who opens many pages at once, or users who share an account, are not treated as attackers.</summary>
    [Theory, EveryMode]
    public async Task Simultaneous_logins_with_the_correct_password_all_succeed(Mode mode)
    {
        var (server, first) = await StartAsync(mode);
        var browsers = Enumerable.Range(0, 12).Select(_ => new FormBrowser(server.Host, address: first.Address)).ToList();
        var forms = await Task.WhenAll(browsers.Select(browser => browser.OpenFormAsync()));
        var answers = await Task.WhenAll(browsers.Zip(forms, (browser, form) => browser.SubmitAsync(form, "trent")));
        answers.Select(answer => answer.StatusCode).ShouldAllBe(status => status == 303);

        // The number of checked wrong passwords is the same as for sequential attempts.
        answers = await Task.WhenAll(browsers.Zip(forms, (browser, _) => GuessAsync(server, browser.Address)));
        answers.Count(answer => answer.StatusCode == 403).ShouldBe(5);
        answers.Count(answer => answer.StatusCode == 429).ShouldBe(7);

        static async Task<Answer> GuessAsync(ApiServer server, string address) =>
            await new FormBrowser(server.Host, address: address).LogInAsync("ursula", "wrong");
    }

    /// <summary>Deviation 41: in Gafaelfawr 15.4.1 administrators had the scope regardless of their groups.</summary>
    [Theory, EveryMode]
    public async Task Users_of_adminUsers_are_administrators(Mode mode)
    {
        await using var server = await TestServer.StartAsync(mode, settings => LocalLoginServers.With(settings) with
        {
            AdminUsers = new HashSet<string> { "bob", "scopeless" },
            InitialAdmins = ["carol"],
        });
        foreach (var (name, scopes) in (IEnumerable<(string, string)>)[("bob", "admin:token read:all user:token"),
            ("scopeless", "admin:token user:token"), ("carol", "read:all user:token")])
        {
            var browser = new FormBrowser(server);
            (await browser.LogInAsync(name)).StatusCode.ShouldBe(303);
            var login = await browser.GetAsync("/auth/api/v1/login");
            string.Join(' ', login.Json.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString())).ShouldBe(scopes);
        }
    }

    /// <summary>Responses do not reveal whether a user exists.</summary>
    [Theory, EveryMode]
    public async Task A_wrong_password_and_an_unknown_user_get_the_same_response(Mode mode)
    {
        var (server, browser) = await StartAsync(mode);
        var form = await browser.OpenFormAsync();
        var state = browser.State;
        var lineCount = server.CountLines();
        var known = await browser.SubmitAsync(form, "bob", "wrong horse battery staple");
        var unknown = await browser.SubmitAsync(form, "nobody", "wrong horse battery staple");
        known.StatusCode.ShouldBe(403);
        known.Body.ShouldContain($"<p class=\"error summary\" role=\"alert\" id=\"error\">{Wrong}</p>");
        known.Body.Replace("value=\"bob\"", "value=\"nobody\"").ShouldBe(unknown.Body);
        Headers(known).ShouldBe(Headers(unknown));

        // The log contains the reason, but not the text that was entered.
        var lines = server.LinesSince(lineCount, "Authentication failed");
        lines.Select(line => line.GetProperty("username").GetString()).ShouldBe(["bob", null]);
        lines.ShouldAllBe(line => line.GetProperty("severity").GetString() == "warning" && line.GetProperty("error").GetString() == Wrong);
        server.Host.Logs.Raw.ShouldNotContain(line => line.Contains("nobody", StringComparison.Ordinal));

        // The login is still in progress, and the same form can be submitted again.
        browser.State.ShouldBe(state);
        foreach (var nearly in (string[])[
            "", "Correct horse battery staple", LocalLoginServers.Password + " ", LocalLoginServers.Password[..^1]])
            (await browser.SubmitAsync(known, "bob", nearly)).StatusCode.ShouldBe(403);
        browser.State.Token.ShouldBeNull();
        server.Clock.Advance(TimeSpan.FromMinutes(1));
        (await browser.SubmitAsync(known, "bob")).StatusCode.ShouldBe(303);
        browser.State.Token.ShouldNotBeNull();
    }

    [Theory, EveryMode]
    public async Task A_user_without_a_scope_is_denied(Mode mode)
    {
        var (_, browser) = await StartAsync(mode);
        var refused = await browser.LogInAsync("scopeless");
        refused.StatusCode.ShouldBe(403);
        refused.Body.ShouldContain("User unauthorized: scopeless is not a member of any authorized groups");
        browser.State.ShouldBe(SessionState.Empty);
    }

    private static IEnumerable<string> Headers(Answer answer) =>
        answer.Headers.Where(header => header.Key is not ("Date" or "Content-Length")).Select(
            header => $"{header.Key}: {string.Join(',', header.Value)}");

    private async Task<(ApiServer Server, FormBrowser Browser)> StartAsync(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        server.LeakDetector.Secret(LocalLoginServers.Password);
        return (server, new FormBrowser(server.Host, server.LeakDetector));
    }
}
