using System.Text;
using System.Text.Json;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Observation;

public sealed partial class AlertTests
{
    /// <summary>Starts a server and closes its database, which causes an unexpected exception.</summary>
    private static async Task<(TestServer Server, Token Token)> BrokenServerAsync(
        RecordingServer slack, RecordingServer sentry, bool slackAlerts)
    {
        var server = await TestServer.StartAsync(Mode.Embedded, settings => settings with
        {
            Slack = new SlackSettings(slackAlerts, new Secret(slack.Url.AbsoluteUri)),
            Sentry = new SentrySettings(new Secret($"http://somekey@{sentry.Url.Authority}/1"), "testing"),
        });
        var token = (await server.Tokens.SessionForAsync("ann")).Record.Token;
        await server.Core.DisposeAsync();
        return (server, token);
    }

    /// <summary>Returns the events in the envelopes that were sent.</summary>
    private static List<JsonElement> Events(RecordingServer sentry) =>
    [
        .. from sent in sentry.Requests
           from line in Encoding.UTF8.GetString(sent.Bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries)
           let json = JsonDocument.Parse(line).RootElement
           where json.TryGetProperty("event_id", out _) && json.TryGetProperty("platform", out _)
           select json,
    ];

    private static Task WaitForAlertsAsync(Func<bool> condition) => RealServers.WaitUntilAsync(
        () =>
        {
            condition().ShouldBeTrue();
            return Task.CompletedTask;
        },
        "the alerts");
}
