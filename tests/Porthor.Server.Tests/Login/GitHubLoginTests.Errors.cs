using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class GitHubLoginTests
{
    /// <summary>LGN-011, LGN-013, LGN-016.</summary>
    [Fact]
    public async Task Invalid_group_names_are_ignored_with_a_warning()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        site.GitHub.User["login"] = "SomeUser";
        site.GitHub.User["name"] = "名字 Ünï";
        site.GitHub.Teams.Clear();
        foreach (var (slug, organization) in (ReadOnlySpan<(string, string)>)[("a-team", "ORG"), ("Mixed", "org"), ("broken slug", "org"),
            ("team", "bad:org")])
            site.GitHub.Teams.Add(FakeGitHub.Team(slug, organization, 5));
        var (browser, answer) = await site.LogInByGitHubAsync();
        answer.ShouldRedirectTo(LoginSite.Destination);
        var user = (await browser.NavigateAsync("/auth/api/v1/user-info")).Json;
        user.GetProperty("username").GetString().ShouldBe("someuser");
        user.GetProperty("name").GetString().ShouldBe("名字 Ünï");
        user.GetProperty("groups").EnumerateArray().Select(group => group.GetProperty("name").GetString()).ShouldBe(
            ["org-Mixed", "org-a-team", "someuser"]);
        var warning = site.Lines("Ignoring invalid groups").Single();
        warning.GetProperty("severity").GetString().ShouldBe("warning");
        warning.GetProperty("user").GetString().ShouldBe("someuser");
        warning.GetProperty("invalid_groups").EnumerateObject().Select(group => group.Name).ShouldBe(["org-broken slug", "bad:org-team"]);
    }

    /// <summary>LGN-012. The reference does not have the grant at this point; Porthor revokes it.</summary>
    [Theory]
    [InlineData("invalid user")]
    [InlineData("-dash")]
    [InlineData("12345")]
    [InlineData("a-username-that-is-much-too-long-to-be-one-because-it-has-65-char")]
    public async Task An_invalid_username_is_rejected(string login)
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        site.GitHub.User["login"] = login;
        var (browser, answer) = await site.LogInByGitHubAsync();
        answer.ShouldBeErrorPage(403, $"Cannot authenticate: Invalid username: {login}");
        ShouldBeError(site, browser);
        site.Lines("Cannot authenticate").Single().GetProperty("error").GetString().ShouldBe($"Invalid username: {login}");
        site.Alerts.ShouldBeEmpty();
    }

    /// <summary>LGN-015. An earlier session stays valid, and the user can log in again when their teams are correct.</summary>
    [Theory, EveryMode]
    public async Task A_user_without_a_mapped_team_is_denied(Mode mode)
    {
        await using var site = await LoginSite.WithGitHubAsync(mode);
        var teams = site.GitHub.Teams.Select(team => team!.DeepClone()).ToList();
        site.GitHub.Teams.Clear();
        var (browser, answer) = await site.LogInByGitHubAsync();
        answer.ShouldBeErrorPage(403, "User unauthorized: githubuser is not a member of any authorized groups");
        ShouldBeError(site, browser);
        (await browser.AuthorizeAsync()).ShouldBe(401);
        var line = site.Lines("User unauthorized").Single();
        line.GetProperty("severity").GetString().ShouldBe("warning");
        line.GetProperty("error").GetString().ShouldBe("githubuser is not a member of any authorized groups");
        line.GetProperty("groups").EnumerateArray().Select(group => group.GetString()).ShouldContain("githubuser");
        site.Metrics.Logins.ShouldBe((1, 0, 1, 0));

        foreach (var team in teams)
            site.GitHub.Teams.Add(team);
        await browser.BeginAsync(LoginSite.Destination);
        (await browser.ReturnAsync("another-code-of-github")).ShouldRedirectTo(LoginSite.Destination);
        (await browser.AuthorizeAsync()).ShouldBe(200);
        var session = browser.State.Token;

        // A failed login keeps the existing session.
        site.GitHub.Teams.Clear();
        await browser.BeginAsync(LoginSite.Destination);
        (await browser.ReturnAsync("third-code-of-github")).StatusCode.ShouldBe(403);
        browser.State.Token.ShouldBe(session);
        (await browser.AuthorizeAsync()).ShouldBe(200);
    }
}
