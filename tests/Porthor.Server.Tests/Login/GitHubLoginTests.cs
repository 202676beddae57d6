using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>Logins with GitHub (contract/login.md 5), and their errors.</summary>
public sealed partial class GitHubLoginTests
{
    /// <summary>LGN-001 to LGN-006.</summary>
    [Theory, EveryMode]
    public async Task A_user_of_GitHub_logs_in(Mode mode)
    {
        await using var site = await LoginSite.WithGitHubAsync(mode);
        var browser = new LoginBrowser(site);

        // The redirect to GitHub contains only the required parameters.
        var begun = await browser.BeginAsync(LoginSite.Destination);
        begun.StatusCode.ShouldBe(307);
        begun.Body.ShouldBeEmpty();
        begun.Header("Cache-Control").ShouldBeNull();
        browser.Location.ShouldBe(
            $"{site.External.Url}/login/oauth/authorize?client_id=some-github-client&scope=read%3Aorg+read%3Auser+user%3Aemail"
                + $"&state={Uri.EscapeDataString(browser.State.State!)}");
        browser.State.State!.Length.ShouldBe(24);
        browser.State.State.ShouldEndWith("==");
        browser.State.ReturnUrl.ShouldBe(LoginSite.Destination);
        browser.State.LoginStart.ShouldBe(site.Clock.GetUtcNow());
        begun.Header("Set-Cookie")!.ShouldEndWith("; HttpOnly; Path=/; SameSite=lax; Secure");
        site.Lines("Redirecting user to GitHub for authentication").Single().GetProperty("return_url").GetString()
            .ShouldBe(LoginSite.Destination);
        site.Metrics.Logins.ShouldBe((1, 0, 0, 0));

        // The return from GitHub.
        site.Clock.Advance(TimeSpan.FromSeconds(7));
        var returned = await browser.ReturnAsync("some-code-of-github");
        returned.ShouldRedirectTo(LoginSite.Destination);
        browser.State.State.ShouldBeNull();
        browser.State.ReturnUrl.ShouldBeNull();
        browser.State.LoginStart.ShouldBeNull();
        browser.State.GitHub!.Reveal().ShouldBe(FakeGitHub.AccessToken);
        site.Metrics.Logins.ShouldBe((1, 1, 0, 0));
        site.Metrics.Of("login_elapsed").ShouldBe([7]);

        var data =
            """
            {"name":"GitHub User","email":"githubuser@example.com","uid":123456,"gid":123456,"groups":[
            {"name":"githubuser","id":123456},{"name":"org-a-team","id":1000},{"name":"org-other-team","id":1001},
            {"name":"other-org-team-with-very--F279yg","id":1002}]}
            """.ReplaceLineEndings("");
        var token = browser.State.Token!;
        var line = site.Lines("Successfully authenticated user githubuser").Single();
        line.GetProperty("token_key").GetString().ShouldBe(token.Key.Value);
        line.GetProperty("token_username").GetString().ShouldBe("githubuser");
        line.GetProperty("token_scopes").EnumerateArray().Select(scope => scope.GetString()).ShouldBe(
            ["exec:test", "read:all", "user:token"]);
        line.GetProperty("token_userinfo").GetRawText().ShouldBe(data);

        // The session's data in the API.
        var info = await browser.NavigateAsync("/auth/api/v1/token-info");
        info.Json.GetProperty("token_type").GetString().ShouldBe("session");
        info.Json.GetProperty("created").GetInt64().ShouldBe(site.Clock.GetUtcNow().ToUnixTimeSeconds());
        var user = await browser.NavigateAsync("/auth/api/v1/user-info");
        user.Body.ShouldBe(data.Insert(1, "\"username\":\"githubuser\","));
        (await browser.AuthorizeAsync("?scope=read:all")).ShouldBe(200);
        (await browser.AuthorizeAsync("?scope=exec:admin")).ShouldBe(403);
        var history = await browser.NavigateAsync("/auth/api/v1/users/githubuser/token-change-history");
        history.Json[0].GetProperty("action").GetString().ShouldBe("create");
        history.Json[0].GetProperty("actor").GetString().ShouldBe("githubuser");
        history.Json[0].GetProperty("ip_address").GetString().ShouldBe("127.0.0.1");
    }

    /// <summary>LGN-010: other credentials of the browser belong to the application.</summary>
    [Fact]
    public async Task Credentials_of_the_application_are_ignored()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var browser = new LoginBrowser(site);
        var external = ("Authorization", "token some-jupyter-token");
        await browser.NavigateAsync($"/login?rd={LoginSite.Landing}", external);
        (await browser.NavigateAsync($"/login?code=some-code-of-github&state={Uri.EscapeDataString(browser.State.State!)}", external))
            .ShouldRedirectTo(LoginSite.Landing);
        (await browser.NavigateAsync("/auth/api/v1/user-info", external)).StatusCode.ShouldBe(200);
    }

    [Fact]
    public async Task A_user_without_a_name_has_none()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        site.GitHub.User["name"] = null;
        var (browser, _) = await site.LogInByGitHubAsync();
        (await browser.NavigateAsync("/auth/api/v1/user-info")).Json.TryGetProperty("name", out _).ShouldBeFalse();
    }

    /// <summary>LGN-014.</summary>
    [Fact]
    public async Task All_pages_of_teams_are_read()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        site.GitHub.PageSize = 1;
        var (browser, answer) = await site.LogInByGitHubAsync();
        answer.ShouldRedirectTo(LoginSite.Destination);
        (await browser.NavigateAsync("/auth/api/v1/user-info")).Json.GetProperty("groups").GetArrayLength().ShouldBe(4);
    }

    /// <summary>A user with only their own group at GitHub can be allowed by a mapping of this group.</summary>
    [Fact]
    public async Task The_group_of_the_user_can_be_mapped()
    {
        await using var site = await LoginSite.WithGitHubAsync(
            Mode.Embedded, settings =>
                settings with { GroupMapping = new Dictionary<string, IReadOnlyList<string>> { ["read:all"] = ["githubuser"] } });
        site.GitHub.Teams.Clear();
        (await site.LogInByGitHubAsync()).Answer.ShouldRedirectTo(LoginSite.Destination);
    }

    private static void ShouldBeError(LoginSite site, LoginBrowser browser)
    {
        site.GitHub.Revocations.ShouldHaveSingleItem().Json.GetProperty("access_token").GetString().ShouldBe(FakeGitHub.AccessToken);
        browser.State.State.ShouldBeNull();
        browser.State.Token.ShouldBeNull();
        browser.State.GitHub.ShouldBeNull();
    }
}
