using System.Globalization;
using System.Text;
using CsCheck;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Hostile;

/// <summary>
/// Sends random requests to every route. No response may be a server error or reveal internals, and the memory usage must not grow. The
/// list of routes comes from the server itself, so that new routes are included. CsCheck prints the seed of a failure;
/// <c>PORTHOR_REQUESTS</c> sets the number of requests.
/// </summary>
public sealed class RandomRequestTests(ITestOutputHelper output)
{
    private const long MaxGrowth = 150 * 1024 * 1024;

    private static readonly int Requests = int.Parse(
        Environment.GetEnvironmentVariable("PORTHOR_REQUESTS") ?? "3000", CultureInfo.InvariantCulture);

    [Fact]
    public async Task No_request_causes_a_server_error()
    {
        await using var server = await StartAsync();
        var user = (await server.Tokens.SessionForAsync("someone", "user:token,read:all")).Record.Token;
        var administrator = await server.Tokens.CreateTokenFromAdminRequestAsync(
            new AdminTokenRequest
            {
                Username = "bot-admin",
                TokenType = TokenType.Service,
                Scopes = ScopeSet.Of("admin:token", "admin:userinfo")
            },
            TokenBuilders.Administrator(TimeProvider.System));
        var cookie = server.Cookie(
            new Sessions.SessionState { Token = user, Csrf = "csrf", State = "state", ReturnUrl = "https://example.com/" });
        var routes = RoutesOf(server);
        var gen = RandomRequest.For(
            routes, [("Accept", "*/*"), TestServer.Bearer(user), TestServer.Bearer(administrator), server.Bootstrap, cookie,
                TestServer.Bearer(Token.Create())]);

        Dictionary<int, int> statuses = [];
        await gen.SampleAsync(
            async request =>
            {
                // Only the credential among the headers is secret. The others can be common words.
                server.LeakDetector.AddRequest([request.Headers[0]]);
                var answer = await SendAsync(server.Client, request);
                server.LeakDetector.AddResponse(answer);
                lock (statuses)
                    statuses[answer.StatusCode] = statuses.GetValueOrDefault(answer.StatusCode) + 1;
                ShouldBeValid(answer);
            },
            iter: Requests,
            threads: 2);
        server.Logs.Lines.ShouldNotContain(line => line.GetProperty("event").GetString() == "Uncaught exception");
        output.WriteLine(
            $"{routes.Count} routes; {string.Join(", ", statuses.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}: {pair.Value}"))}");
    }

    /// <summary>The program runs in a separate process, so that its memory can be measured.</summary>
    [Fact]
    public async Task No_request_leaves_data_in_memory()
    {
        List<RouteEndpoint> routes;
        await using (var server = await StartAsync())
            routes = RoutesOf(server);
        await using var program = new PorthorProgram();
        using var serving = await ServingProgram.StartAsync(program, withMetrics: false);
        using var client = new HttpClient(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8
            })
        { BaseAddress = serving.Url };
        var bootstrap = Token.Parse((await File.ReadAllTextAsync(Path.Combine(program.Folder, "porthor-data", "bootstrap-token"))).Trim());
        var gen = RandomRequest.For(routes, [("Accept", "*/*"), TestServer.Bearer(bootstrap)]);
        var before = 0L;
        foreach (var _ in (string[])["that it has what it needs", "and no more"])
        {
            before = serving.Program.ResidentBytes;
            await gen.SampleAsync(async request => ShouldBeValid(await SendAsync(client, request)), iter: Requests / 3, threads: 2);
        }
        (serving.Program.ResidentBytes - before).ShouldBeLessThan(MaxGrowth);
        serving.Program.Output.ShouldNotContain("Uncaught exception");
    }

    private static Task<TestServer> StartAsync() =>
        TestServer.StartAsync(Mode.Embedded, settings => settings with { Proxies = [AddressBlock.Parse("127.0.0.0/8")] });

    private static List<RouteEndpoint> RoutesOf(TestServer server)
    {
        List<RouteEndpoint> routes = [.. server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()];
        routes.Count.ShouldBeGreaterThan(20);
        return routes;
    }

    private static void ShouldBeValid(Answer answer)
    {
        answer.StatusCode.ShouldBeLessThan(500, answer.Body);
        answer.Headers.Keys.ShouldNotContain("X-Injected");
        // The scripts are from a library.
        if (answer.Header("Content-Type")?.StartsWith("text/javascript", StringComparison.Ordinal) == true)
            return;
        answer.Body.ShouldNotContain("   at ");
        answer.Body.ShouldNotContain("Exception");
    }

    private static async Task<Answer> SendAsync(HttpClient client, RandomRequest random)
    {
        using var request = new HttpRequestMessage(new HttpMethod(random.Method), new Uri(client.BaseAddress!, random.Path));
        if (random.Body is not null)
            request.Content = new StringContent(random.Body, Encoding.UTF8, "application/json");
        // HttpClient cannot send these characters in a header.
        foreach (var (name, value) in random.Headers.Where(header => !header.Value.AsSpan().ContainsAny('\0', '\r', '\n')))
        {
            if (name == "Content-Type" && request.Content is not null)
                request.Content.Headers.Remove(name);
            if (!request.Headers.TryAddWithoutValidation(name, value))
                request.Content?.Headers.TryAddWithoutValidation(name, value);
        }
        using var response = await client.SendAsync(request);
        return await Answer.ReadAsync(response);
    }
}
