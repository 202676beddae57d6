using System.Text;
using Microsoft.Extensions.Logging;
using Porthor.Server.Configuration;
using Porthor.Server.Logging;
using Porthor.Testing;

namespace Porthor.Server.Tests.Observation;

/// <summary>What the log says about answers to proxies is bounded by a setting.</summary>
public sealed class DecisionLogTests
{
    [Theory]
    [InlineData(LoggedDecisions.All, "Token authorized", "Permission denied", "Invalid token", "Cannot retrieve token data")]
    [InlineData(LoggedDecisions.Refused, "Permission denied", "Invalid token", "Cannot retrieve token data")]
    [InlineData(LoggedDecisions.None, "Cannot retrieve token data")]
    internal async Task Only_the_decisions_that_are_wanted_have_lines(LoggedDecisions wanted, params string[] expected)
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded);
        var lines = await LinesAsync(server, new DecisionLogOptions(wanted), async asking =>
        {
            var session = await server.Tokens.SessionForAsync("ann", "read:all");
            var token = session.Record.Token;
            await asking.AskAsync("?scope=read:all", TestServer.Bearer(token));
            await asking.AskAsync("?scope=admin:token", TestServer.Bearer(token));
            // Another secret for a key that exists: that is a warning, whatever is wanted.
            await asking.AskAsync("?scope=read:all", ("Authorization", $"Bearer gt-{token.Key}.{Tokens.Token.Create().Reveal()[26..]}"));
        });
        foreach (var text in (string[])["Token authorized", "Permission denied", "Invalid token", "Cannot retrieve token data"])
            lines.Contains($"\"event\":\"{text}\"", StringComparison.Ordinal).ShouldBe(expected.Contains(text), $"{text} in\n{lines}");
        // What is no answer to a proxy is not bounded.
        lines.ShouldContain("\"event\":\"Said beside\"");
    }

    [Fact]
    public async Task Lines_beyond_a_number_in_a_second_are_left_out_and_counted()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded);
        var lines = await LinesAsync(server, new DecisionLogOptions(PerSecond: 5), async asking =>
        {
            var session = await server.Tokens.SessionForAsync("ann", "read:all");
            for (var i = 0; i < 20; i++)
                await asking.AskAsync("?scope=read:all", TestServer.Bearer(session.Record.Token));
        });
        var told = lines.Split('\n').Select(line => line.Contains("lines about decisions were omitted", StringComparison.Ordinal)
            ? int.Parse(line.Split("\"event\":\"")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) : 0).Sum();
        var written = lines.Split("\"event\":\"Token authorized\"").Length - 1;
        (written + told).ShouldBe(20);
        written.ShouldBe(5);
    }

    [Fact]
    public void The_setting_is_read_and_what_it_cannot_be_is_said()
    {
        var settings = ConfigurationOf("decisionLog: {lines: refused, perSecond: 10}");
        settings.DecisionLog.ShouldBe(new DecisionLogOptions(LoggedDecisions.Refused, 10));
        ConfigurationOf("").DecisionLog.ShouldBe(new DecisionLogOptions());
        Should.Throw<SettingsException>(() => ConfigurationOf("decisionLog: {lines: some}")).Message.ShouldContain("must be all, refused or none");
        Should.Throw<SettingsException>(() => ConfigurationOf("decisionLog: {perSecond: 0}")).Message.ShouldContain("at least 1");
    }

    private static PorthorSettings ConfigurationOf(string yaml)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, yaml);
            return SettingsLoader.Load(path, dataDirectory: null, SettingsScope.Serving, new EnvironmentVariables(new Dictionary<string, string>()));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>What a second server over the same stores writes to its log, by a clock that stands still.</summary>
    private static async Task<string> LinesAsync(TestServer beside, DecisionLogOptions decisions, Func<AuthRequestExtensions, Task> work)
    {
        var output = new MemoryStream();
        // Closed by us: a factory does not close what it was handed, and the last lines are written when it is closed.
        using (var lines = new BackgroundLogWriter(new JsonLineFormatter(), output, new Api.ManualClock(DateTimeOffset.UtcNow), decisions))
        using (var loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(lines)))
        {
            var core = await beside.Deployment.OpenNodeAsync(loggers: loggers);
            await using var app = Hosting.ServerHost.Build(core, "http://127.0.0.1:0", loggers);
            await app.StartAsync();
            using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
            await work(new AuthRequestExtensions(client));
            loggers.CreateLogger("Porthor.Test").Log(LogLevel.Information, default, "Said beside", exception: null, (text, _) => text);
            await app.StopAsync();
        }
        return Encoding.UTF8.GetString(output.ToArray());
    }

    internal sealed class AuthRequestExtensions(HttpClient client)
    {
        public async Task AskAsync(string query, (string Name, string Value) credentials)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/ingress/auth" + query);
            request.Headers.Add("X-Original-URL", "https://example.com/");
            request.Headers.Add("X-Original-Method", "GET");
            request.Headers.TryAddWithoutValidation(credentials.Name, credentials.Value);
            using var answer = await client.SendAsync(request);
        }
    }
}
