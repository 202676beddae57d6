using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Porthor.Server.Configuration;
using Porthor.Server.Logging;
using Porthor.Server.Tests.Api;
using Porthor.Server.Tests.OpenIdConnect;
using Porthor.Testing;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;
using static Porthor.Server.Tests.OpenIdConnect.OpenIdSteps;

namespace Porthor.Server.Tests.Observation;

/// <summary>Clients without a valid token cannot fill the log.</summary>
public sealed class AnonymousLogTests
{
    [Fact]
    public async Task Lines_about_denied_clients_are_limited_and_counted()
    {
        await using var otherServer = await TestServer.StartAsync(Mode.Embedded);
        var session = await otherServer.Tokens.SessionForAsync("ann", "read:all");
        var output = new MemoryStream();
        using (var lines = new BackgroundLogWriter(
            new JsonLineFormatter(), output, new FakeTimeProvider(), anonymousPerSecond: 2))
        using (var loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Information).AddProvider(lines)))
        {
            var core = await otherServer.Deployment.OpenNodeAsync(loggers: loggers);
            await using var app = Hosting.ServerHost.Build(core, "http://127.0.0.1:0", loggers);
            await app.StartAsync();
            using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
            foreach (var credential in (string[])["gt-a.b", Porthor.Tokens.Token.Create().Reveal(), session.Record.Token.Reveal()])
            {
                for (var i = 0; i < 50; i++)
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, "/ingress/auth?scope=read:all");
                    request.Headers.Add("X-Original-URL", "https://example.com/");
                    request.Headers.Add("X-Original-Method", "GET");
                    request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {credential}");
                    using var answer = await client.SendAsync(request);
                }
            }
            await app.StopAsync();
        }
        var written = Encoding.UTF8.GetString(output.ToArray()).Split('\n');
        var reported = written.Where(line => line.Contains("were omitted", StringComparison.Ordinal))
            .Sum(line => int.Parse(line.Split("\"event\":\"")[1].Split(' ')[0], CultureInfo.InvariantCulture));
        // The token bucket allows the lines of five seconds; the clock does not advance.
        written.Count(line => line.Contains("\"event\":\"Invalid token\"", StringComparison.Ordinal)).ShouldBe(10);
        reported.ShouldBe(90);
        written.Count(line => line.Contains("\"event\":\"Token authorized\"", StringComparison.Ordinal)).ShouldBe(50);
    }

    /// <summary>
    /// Lines about changes remain in the log, although the request has no token: a client redeems a code, a user logs in or out.
    /// </summary>
    [Fact]
    public async Task Lines_about_issued_and_revoked_tokens_are_not_limited()
    {
        await using var server = await ApiServer.StartAsync(Mode.Embedded, OpenIdServers.WithProvider);
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        var code = await server.CodeAsync(browser, client);
        var output = new MemoryStream();
        using (var lines = new BackgroundLogWriter(
            new JsonLineFormatter(), output, new FakeTimeProvider(), anonymousPerSecond: 1))
        using (var loggers = LoggerFactory.Create(
            logging => logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddProvider(lines)))
        {
            var core = await server.Host.Deployment.OpenNodeAsync(server.Clock, loggers);
            await using var app = Hosting.ServerHost.Build(core, "http://127.0.0.1:0", loggers);
            await app.StartAsync();
            using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
            {
                BaseAddress = new Uri(app.Urls.First()),
            };
            for (var i = 0; i < 20; i++)
                (await PostAsync(http, [("grant_type", "bogus")])).ShouldBe(400);
            (await PostAsync(http, FormOf(client, code))).ShouldBe(200);
            using var logout = new HttpRequestMessage(HttpMethod.Get, "/logout");
            logout.Headers.Add(browser.Cookie.Item1, browser.Cookie.Item2);
            using var answer = await http.SendAsync(logout, TestContext.Current.CancellationToken);
            ((int)answer.StatusCode).ShouldBe(307);
            RequestLog.Current = new RequestLog(new DefaultHttpContext().Request, "https", address: null);
            await core.Tokens.CreateSessionTokenAsync(
                "bob", Porthor.Identity.UserData.None, Porthor.Values.ScopeSet.Empty, ipAddress: null);
            RequestLog.Current = null;
            await app.StopAsync();
        }
        var written = Encoding.UTF8.GetString(output.ToArray());
        written.Split("\"event\":\"Invalid request\"").Length.ShouldBe(6);
        foreach (var text in (string[])[
            "Created new OpenID Connect token", "Retrieved token for user ann via OpenID Connect", "Deleted token",
            "Successfully authenticated user bob"])
            written.ShouldContain($"\"event\":\"{text}\"");
    }

    private static async Task<int> PostAsync(HttpClient client, IEnumerable<(string Name, string Value)> form)
    {
        using var content = new FormUrlEncodedContent(form.Select(field => KeyValuePair.Create(field.Name, field.Value)));
        using var answer = await client.PostAsync(TokenPath, content, TestContext.Current.CancellationToken);
        return (int)answer.StatusCode;
    }

    [Theory]
    [InlineData("", 20)]
    [InlineData("anonymousLogLines: 0", 0)]
    [InlineData("anonymousLogLines: 500", 500)]
    public void The_limit_is_a_setting(string yaml, int expected) => Load(yaml, SettingsScope.Stores).AnonymousLogLines.ShouldBe(expected);

    [Theory]
    [InlineData("-1")]
    [InlineData("10001")]
    public void The_limit_has_a_range(string value) =>
        Errors($"anonymousLogLines: {value}", SettingsScope.Stores)
            .ShouldBe([$"anonymousLogLines: '{value}': must be a number of lines a second from 0 to 10000; 0 is no limit"]);
}
