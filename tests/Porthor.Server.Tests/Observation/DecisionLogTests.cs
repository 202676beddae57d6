using System.Text;
using Microsoft.Extensions.Logging;
using Porthor.Server.Configuration;
using Porthor.Server.Logging;
using Porthor.Testing;

namespace Porthor.Server.Tests.Observation;

/// <summary>The setting that limits the log lines about decisions of forward authentication.</summary>
public sealed class DecisionLogTests
{
    [Theory]
    [InlineData(LoggedDecisions.All, "Token authorized", "Permission denied", "Invalid token", "Cannot retrieve token data")]
    [InlineData(LoggedDecisions.Refused, "Permission denied", "Invalid token", "Cannot retrieve token data")]
    [InlineData(LoggedDecisions.None, "Cannot retrieve token data")]
    internal async Task Only_the_configured_decisions_are_logged(LoggedDecisions wanted, params string[] expected)
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded);
        var lines = await LinesAsync(server, new DecisionLogOptions(wanted), async asking =>
        {
            var session = await server.Tokens.SessionForAsync("ann", "read:all");
            var token = session.Record.Token;
            await asking.AuthorizeAsync("?scope=read:all", TestServer.Bearer(token));
            await asking.AuthorizeAsync("?scope=admin:token", TestServer.Bearer(token));
            // A wrong secret for an existing key is always a warning.
            await asking.AuthorizeAsync(
                "?scope=read:all", ("Authorization", $"Bearer gt-{token.Key}.{Tokens.Token.Create().Reveal()[26..]}"));
        });
        foreach (var text in (string[])["Token authorized", "Permission denied", "Invalid token", "Cannot retrieve token data"])
            lines.Contains($"\"event\":\"{text}\"", StringComparison.Ordinal).ShouldBe(expected.Contains(text), $"{text} in\n{lines}");
        // Lines about other events are not limited.
        lines.ShouldContain("\"event\":\"Another line\"");
    }

    [Fact]
    public async Task Lines_beyond_the_limit_per_second_are_omitted_and_counted()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded);
        var lines = await LinesAsync(server, new DecisionLogOptions(PerSecond: 5), async asking =>
        {
            var session = await server.Tokens.SessionForAsync("ann", "read:all");
            for (var i = 0; i < 20; i++)
                await asking.AuthorizeAsync("?scope=read:all", TestServer.Bearer(session.Record.Token));
        });
        var reported = lines.Split('\n').Select(line => line.Contains("lines about decisions were omitted", StringComparison.Ordinal)
            ? int.Parse(line.Split("\"event\":\"")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) : 0).Sum();
        var written = lines.Split("\"event\":\"Token authorized\"").Length - 1;
        (written + reported).ShouldBe(20);
        written.ShouldBe(5);
    }

    [Fact]
    public void The_setting_is_read_and_validated()
    {
        var settings = ConfigurationOf("decisionLog: {lines: refused, perSecond: 10}");
        settings.DecisionLog.ShouldBe(new DecisionLogOptions(LoggedDecisions.Refused, 10));
        ConfigurationOf("").DecisionLog.ShouldBe(new DecisionLogOptions());
        Should.Throw<SettingsException>(
            () => ConfigurationOf("decisionLog: {lines: some}")).Message.ShouldContain("must be all, refused or none");
        Should.Throw<SettingsException>(() => ConfigurationOf("decisionLog: {perSecond: 0}")).Message.ShouldContain("at least 1");
    }

    private static PorthorSettings ConfigurationOf(string yaml)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, yaml);
            return SettingsLoader.Load(
                path, dataDirectory: null, SettingsScope.Serving, new EnvironmentVariables(new Dictionary<string, string>()));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Runs a second server on the same stores with a clock that does not advance, and returns its log.</summary>
    private static async Task<string> LinesAsync(TestServer otherServer, DecisionLogOptions decisions, Func<DecisionClient, Task> work)
    {
        var output = new MemoryStream();
        // LoggerFactory does not dispose providers that were passed to it, and the last lines are written by the disposal.
        using (var lines = new BackgroundLogWriter(new JsonLineFormatter(), output, new Api.ManualClock(DateTimeOffset.UtcNow), decisions))
        using (var loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(lines)))
        {
            var core = await otherServer.Deployment.OpenNodeAsync(loggers: loggers);
            await using var app = Hosting.ServerHost.Build(core, "http://127.0.0.1:0", loggers);
            await app.StartAsync();
            using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
            await work(new DecisionClient(client));
            loggers.CreateLogger("Porthor.Test").Log(LogLevel.Information, default, "Another line", exception: null, (text, _) => text);
            await app.StopAsync();
        }
        return Encoding.UTF8.GetString(output.ToArray());
    }

    internal sealed class DecisionClient(HttpClient client)
    {
        public async Task AuthorizeAsync(string query, (string Name, string Value) credentials)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/ingress/auth" + query);
            request.Headers.Add("X-Original-URL", "https://example.com/");
            request.Headers.Add("X-Original-Method", "GET");
            request.Headers.TryAddWithoutValidation(credentials.Name, credentials.Value);
            using var answer = await client.SendAsync(request);
        }
    }
}
