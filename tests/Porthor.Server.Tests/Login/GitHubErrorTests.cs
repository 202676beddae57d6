using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>
/// Invalid and missing responses of GitHub: each gives an error page with the reason, a log line and an alert (deviations 20, 25).
/// </summary>
public sealed partial class GitHubErrorTests
{
    private const string TokenPath = "/login/oauth/access_token";

    [Theory]
    [InlineData("POST", TokenPath, 200, """{"error":"bad_verification_code","error_description":"The code is <b>wrong</b>."}""",
        "Authentication provider failed", "bad_verification_code: The code is &lt;b&gt;wrong&lt;/b&gt;.")]
    [InlineData("POST", TokenPath, 200, """{"error":"bad_verification_code"}""", "Authentication provider failed", "bad_verification_code")]
    [InlineData("POST", TokenPath, 200, """{"token_type":"bearer"}""", "Authentication provider failed",
        "No access_token in reply from URL/login/oauth/access_token")]
    [InlineData("POST", TokenPath, 200, """["list"]""", "Authentication provider failed",
        "No access_token in reply from URL/login/oauth/access_token")]
    [InlineData("POST", TokenPath, 200, "access_token=gho_the-access-token-of-the-user", "Authentication provider failed",
        "Response from URL/login/oauth/access_token not valid JSON")]
    [InlineData("POST", TokenPath, 500, "<h1>Unicorn</h1>", "Cannot contact authentication provider",
        "Status 500 from POST URL/login/oauth/access_token")]
    [InlineData("GET", "/api/user", 403, """{"message":"rate limit"}""", "Cannot contact authentication provider",
        "Status 403 from GET URL/api/user")]
    [InlineData("GET", "/api/user", 200, "{", "Authentication provider failed",
        "GitHub user data is invalid: FormatException: GET URL/api/user did not return JSON")]
    [InlineData("GET", "/api/user", 200, """{"id":1,"name":null}""", "Authentication provider failed",
        "GitHub user data is invalid: FormatException: login is missing or not a text")]
    [InlineData("GET", "/api/user", 200, """{"login":"user","id":"1"}""", "Authentication provider failed",
        "GitHub user data is invalid: FormatException: id is missing or not a positive number")]
    [InlineData("GET", "/api/user", 200, """{"login":"user","id":0}""", "Authentication provider failed",
        "GitHub user data is invalid: FormatException: id is missing or not a positive number")]
    [InlineData("GET", "/api/user/emails", 200, """[{"email":"a@example.com","primary":false}]""", "Authentication provider failed",
        "GitHub user data is invalid: FormatException: there is no primary email address")]
    [InlineData("GET", "/api/user/emails", 404, "", "Cannot contact authentication provider", "Status 404 from GET URL/api/user/emails")]
    [InlineData("GET", "/api/user/emails", 200, """{"email":"a@example.com"}""", "Authentication provider failed",
        "GitHub user data is invalid: FormatException: a list was expected")]
    [InlineData("GET", "/api/user/teams", 200, """[{"slug":"team","id":1}]""", "Authentication provider failed",
        "GitHub user data is invalid: FormatException: organization is missing")]
    [InlineData("GET", "/api/user/teams", 200, """[{"slug":"team","id":1,"organization":{}}]""", "Authentication provider failed",
        "GitHub user data is invalid: FormatException: login is missing or not a text")]
    [InlineData("GET", "/api/user/teams", 502, "Bad gateway", "Cannot contact authentication provider",
        "Status 502 from GET URL/api/user/teams")]
    public async Task An_error_is_reported(string method, string path, int status, string body, string headline, string details)
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        site.External.On(method, path, new ExternalReply(status, body, body.StartsWith('{') ? "application/json" : "text/plain"));
        var (browser, answer) = await site.LogInByGitHubAsync();
        answer.ShouldBeErrorPage(500, $"{headline}: {details.Replace("URL", site.External.Url, StringComparison.Ordinal)}");
        browser.State.ShouldBe(Sessions.SessionState.Empty);
        site.Metrics.Logins.ShouldBe((1, 0, 1, 0));

        var line = site.Lines(headline).Single();
        line.GetProperty("severity").GetString().ShouldBe("error");
        answer.Body.ShouldContain(line.GetProperty("request_id").GetString()!);
        if (status >= 400 && body.Length > 0)
            line.GetProperty("error").GetString()!.ShouldEndWith("\nBody:\n" + body);
        var alert = await site.WaitForAlertAsync();
        alert.GetProperty("blocks")[1].GetProperty("fields")[0].GetProperty("text").GetString()
            .ShouldBe(status >= 400 ? "*Exception type*\nGitHubWebError" : "*Exception type*\nGitHubError");
    }

    [Fact]
    public async Task A_broken_connection_is_reported()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        site.External.On("GET", "/api/user", new ExternalReply(200, "") { AbortsConnection = true });
        var (_, answer) = await site.LogInByGitHubAsync();
        answer.StatusCode.ShouldBe(500);
        answer.Body.ShouldContain("Cannot contact authentication provider");
    }

    /// <summary>The user's token is sent only to GitHub's list of teams, even if GitHub's response was manipulated.</summary>
    [Theory]
    [InlineData("https://evil.example.org/user/teams")]
    [InlineData("URL/api/user/emails")]
    public async Task Links_of_a_list_to_other_hosts_are_not_followed(string next)
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var url = next.Replace("URL", site.External.Url, StringComparison.Ordinal);
        site.External.On("GET", "/api/user/teams", new ExternalReply(200, "[]") { Headers = [("Link", $"<{url}>; rel=\"next\"")] });
        var (_, answer) = await site.LogInByGitHubAsync();
        answer.ShouldBeErrorPage(
            500,
            $"Authentication provider failed: GitHub user data is invalid: FormatException: Invalid next URL for team data from "
                + $"GitHub: {url}");
        site.External.RequestsTo("GET", "/api/user/emails").Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_list_without_an_end_is_aborted()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        var url = $"{site.External.Url}/api/user/teams?page=1";
        site.External.On("GET", "/api/user/teams", new ExternalReply(200, "[]") { Headers = [("Link", $"<{url}>; rel=\"next\"")] });
        (await site.LogInByGitHubAsync()).Answer.StatusCode.ShouldBe(500);
        site.External.RequestsTo("GET", "/api/user/teams").Count.ShouldBe(100);
    }

    [Fact]
    public async Task A_response_without_an_end_is_aborted()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        site.External.On("GET", "/api/user", new ExternalReply(200, $"\"{new string('x', 2_000_000)}\""));
        var (_, answer) = await site.LogInByGitHubAsync();
        answer.ShouldBeErrorPage(500, $"Cannot contact authentication provider: ReadError from GET {site.External.Url}/api/user");
    }
}
