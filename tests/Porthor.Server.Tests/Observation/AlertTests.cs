using System.Text.Json;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Platform;
using Porthor.Testing;
using Porthor.Tokens;
using StackExchange.Redis;

namespace Porthor.Server.Tests.Observation;

/// <summary>
/// Alerts to Slack and Sentry: their causes, their rate limit, and their content without secrets. SVC-020, OID-020 and
/// contract/configuration.md 6 and 7.
/// </summary>
public sealed partial class AlertTests
{
    [Fact]
    public async Task An_uncaught_exception_is_reported_to_Sentry_and_if_configured_to_Slack()
    {
        await using var slack = new RecordingServer();
        await using var sentry = new RecordingServer();
        var (broken, token) = await BrokenServerAsync(slack, sentry, slackAlerts: true);
        await using var server = broken;
        var answer = await server.GetAsync("/auth/api/v1/users/ann/tokens", TestServer.Bearer(token));
        (answer.StatusCode, answer.Body).ShouldBe((500, "Internal Server Error"));

        await WaitForAlertsAsync(() => slack.Requests.Count == 1 && Events(sentry).Count == 1);
        var blocks = JsonDocument.Parse(slack.Requests[0].Text).RootElement.GetProperty("blocks").EnumerateArray().ToList();
        blocks.Select(block => block.GetProperty("type").GetString()).ShouldBe(["section", "section", "section", "divider"]);
        blocks[0].GetProperty("text").GetProperty("text").GetString().ShouldBe("Error in Gafaelfawr");
        blocks[1].GetProperty("fields").EnumerateArray().Select(field => field.GetProperty("text").GetString()!.Split('\n')[0]).ShouldBe(
            ["*Exception type*", "*Failed at*", "*User*"]);
        blocks[2].GetProperty("text").GetProperty("text").GetString()!.ShouldStartWith("*Exception*\n```\n");
        var report = Events(sentry)[0];
        report.GetProperty("environment").GetString().ShouldBe("testing");
        report.GetProperty("release").GetString().ShouldBe(PorthorVersion.Text);
        report.GetProperty("fingerprint").EnumerateArray().Select(part => part.GetString()).ShouldContain("testing");
        report.GetProperty("exception").GetProperty("values").GetArrayLength().ShouldBeGreaterThan(0);
        foreach (var secret in (string[])[
            token.Reveal(), server.Core.SessionKeys[0].Reveal(), server.Core.BootstrapToken!.Reveal(), slack.Url.AbsoluteUri])
            (slack.Requests[0].Text + report.GetRawText()).ShouldNotContain(secret);

        // Equal errors are reported as one alert.
        for (var i = 0; i < 10; i++)
            await server.GetAsync("/auth/api/v1/users/ann/tokens", TestServer.Bearer(token));
        await server.StopAsync();
        slack.Requests.Count.ShouldBe(1);
        Events(sentry).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Uncaught_exceptions_are_reported_to_Slack_only_if_configured()
    {
        await using var slack = new RecordingServer();
        await using var sentry = new RecordingServer();
        var (broken, token) = await BrokenServerAsync(slack, sentry, slackAlerts: false);
        await using var server = broken;
        (await server.GetAsync("/auth/api/v1/users/ann/tokens", TestServer.Bearer(token))).StatusCode.ShouldBe(500);
        await WaitForAlertsAsync(() => Events(sentry).Count == 1);
        await server.StopAsync();
        slack.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_unreadable_record_is_reported_with_its_key_and_without_its_content()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var slack = new RecordingServer();
        await using var server = await TestServer.StartAsync(
            Mode.Cluster, settings => settings with { Slack = new SlackSettings(Webhook: new Secret(slack.Url.AbsoluteUri)) });
        await using var connection = await (await RealServers.Instance.RedisAsync()).ConnectAsync();
        var redis = connection.GetDatabase(server.Deployment.Settings.PersistentRedis!.Database);
        var token = Token.Create();
        await redis.StringSetAsync($"token:{token.Key}", "gAAAAA-not-ours-but-looks-like-a-record-of-somebody-whose-secret-this-is");
        await redis.StringSetAsync("quota-overrides", "{\"bogus\":\"a secret in the wrong place\"}");
        (await server.GetAsync("/auth/api/v1/token-info", TestServer.Bearer(token))).StatusCode.ShouldBe(401);
        await server.Core.QuotaOverrides.GetAsync(TestContext.Current.CancellationToken);

        await WaitForAlertsAsync(() => slack.Requests.Count == 2);
        var texts = slack.Requests.Select(sent => sent.Text).Order(StringComparer.Ordinal).ToList();
        var record =
            JsonDocument.Parse(slack.Requests.Single(
                sent => sent.Text.Contains("token:", StringComparison.Ordinal)).Text).RootElement.GetProperty("blocks");
        record[0].GetProperty("text").GetProperty("text").GetString().ShouldBe(
            $"Error in Gafaelfawr: Cannot deserialize data for key token:{token.Key}");
        record[1].GetProperty("fields").EnumerateArray().Select(field => field.GetProperty("text").GetString()!.Split('\n')[0])
            .ShouldBe(["*Exception type*", "*Failed at*", "*Key*"]);
        record[2].GetProperty("text").GetProperty("text").GetString().ShouldBe("*Error*\n```\nInvalidToken: \n```");
        slack.Requests.ShouldContain(
            sent => sent.Text.Contains("Cannot deserialize data for key quota-overrides", StringComparison.Ordinal));
        foreach (var text in texts)
        {
            text.ShouldNotContain("not-ours");
            text.ShouldNotContain(token.Reveal());
        }
        // A denied request causes no alert.
        (await server.GetAsync("/auth/api/v1/token-info", TestServer.Bearer(Token.Create()))).StatusCode.ShouldBe(401);
        (await server.GetAsync("/auth/api/v1/token-info")).StatusCode.ShouldBe(401);
        await server.StopAsync();
        slack.Requests.Count.ShouldBe(2);
    }

    /// <summary>Requests do not wait for Slack, even if it does not respond or rejects messages.</summary>
    [Fact]
    public async Task No_request_waits_for_Slack()
    {
        await using var slack = new RecordingServer();
        await using var sentry = new RecordingServer();
        var never = new TaskCompletionSource();
        slack.BeforeResponse = never.Task;
        var (broken, token) = await BrokenServerAsync(slack, sentry, slackAlerts: true);
        await using var server = broken;
        for (var i = 0; i < 20; i++)
            (await server.GetAsync("/auth/api/v1/users/ann/tokens", TestServer.Bearer(token))).StatusCode.ShouldBe(500);
        never.SetResult();
        await WaitForAlertsAsync(() => slack.Requests.Count == 1);
    }

    private static PorthorSettings Read(params (string Name, string Value)[] variables) => SettingsLoader.Load(
        SettingsLoader.NoFile, dataDirectory: null, SettingsScope.Serving,
        new EnvironmentVariables(variables.ToDictionary(variable => variable.Name, variable => variable.Value)));
}
