using System.Text.Json.Nodes;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class GitHubErrorTests
{
    /// <summary>The exact text of an alert in Slack (contract/configuration.md 6).</summary>
    [Fact]
    public async Task An_alert_shows_request_and_response()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        site.External.On("GET", "/api/user", ExternalReply.Text(500, $"a <b> & \"c\" {FakeGitHub.AccessToken}"));
        await site.LogInByGitHubAsync();
        var alert = await site.WaitForAlertAsync();
        JsonNode.Parse(alert.GetRawText())!.ToJsonString().ShouldBe(JsonNode.Parse(
            $$$"""
            {"blocks":[
              {"type":"section","text":{"type":"mrkdwn",
               "text":"Error in Gafaelfawr: Status 500 from GET {{{site.External.Url}}}/api/user","verbatim":true}},
              {"type":"section","fields":[
                {"type":"mrkdwn","text":"*Exception type*\nGitHubWebError","verbatim":true},
                {"type":"mrkdwn","text":"*Failed at*\n2026-07-01 12:00:00.750","verbatim":true}]},
              {"type":"section","text":{"type":"mrkdwn","text":"*URL*\nGET {{{site.External.Url}}}/api/user","verbatim":true}}],
             "attachments":[
               {"blocks":[
                 {"type":"section",
                  "text":{"type":"mrkdwn","text":"*Response*\n```\na &lt;b&gt; &amp; \"c\" ***\n```","verbatim":true}
                 }
               ]}
             ]
            }
            """)!.ToJsonString());
    }

    [Fact]
    public async Task An_alert_without_a_response_ends_with_a_line()
    {
        await using var site = await LoginSite.WithGitHubAsync(Mode.Embedded);
        site.External.On("GET", "/api/user", ExternalReply.Ok(new { login = "some-user", id = 5 }));
        site.External.On("GET", "/api/user/emails", ExternalReply.Ok(Array.Empty<object>()));
        await site.LogInByGitHubAsync();
        var alert = await site.WaitForAlertAsync();
        var blocks = alert.GetProperty("blocks");
        blocks[1].GetProperty("fields")[2].GetProperty("text").GetString().ShouldBe("*User*\nsome-user");
        blocks[2].GetProperty("type").GetString().ShouldBe("divider");
        alert.TryGetProperty("attachments", out _).ShouldBeFalse();
    }

    /// <summary>If Slack is unavailable, nothing else is affected.</summary>
    [Fact]
    public async Task An_alert_that_cannot_be_posted_is_only_logged()
    {
        await using var site = await LoginSite.WithGitHubAsync(
            Mode.Embedded, settings =>
                settings with { Slack = settings.Slack with { Webhook = new Secrets.Secret(ExternalServer.ClosedPort.Url + "/hook") } });
        site.External.On("GET", "/api/user", ExternalReply.Text(500, ""));
        (await site.LogInByGitHubAsync()).Answer.StatusCode.ShouldBe(500);
        await RealServers.WaitUntilAsync(
            () => site.Lines("Posting Slack message failed").Count == 1 ? Task.CompletedTask
                : Task.FromException(new InvalidOperationException("no line")), "the log line");
    }
}
