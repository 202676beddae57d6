using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Starting;

/// <summary>The graceful shutdown of a busy server.</summary>
public sealed class GracefulShutdownTests
{
    private const int Clients = 8;
    private const int RequestsToEach = 20;

    /// <summary>
    /// Every accepted request is answered, also on connections that were kept open, and every usage event is stored, also those of the last
    /// requests.
    /// </summary>
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task A_shutdown_under_load_loses_no_request_and_no_usage_event(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var node = await Node.CreateAsync(deployment);
        await node.StartAsync();
        using var http = Node.CreateClient();
        var administrator = await http.CreateAdministratorAsync(node.Url, deployment.Settings.BootstrapToken!);
        var user = Requests.TokenIn((await http.CreateUserTokenAsync(node.Url, administrator, "busy", "token", "read:all"))!);

        // Each client sends requests until its connection is refused. It regularly changes the service, which makes a separate usage event.
        var clients = Enumerable.Range(0, Clients).Select(number => Task.Run(() => SendUntilRefusedAsync(node.Url, user, number))).ToList();
        await RealServers.WaitUntilAsync(async () => (await CountServicesAsync(deployment)).ShouldBeGreaterThan(Clients), "usage events");
        var ended = await node.TerminateAsync();
        ended.ExitCode.ShouldBe(0, ended.Errors);
        ended.Output.ShouldNotContain("\"severity\":\"error\"");

        var services = (await Task.WhenAll(clients)).Sum();
        (await CountServicesAsync(deployment)).ShouldBe(services);
    }

    /// <summary>
    /// A client sends a request on an open connection after the shutdown has started. The server answers the request and then closes the
    /// connection.
    /// </summary>
    [Fact]
    public async Task A_shutdown_answers_on_idle_connections_and_closes_them()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        // The delay is long enough for a client on a busy machine.
        await using var node = await Node.CreateAsync(deployment, "shutdownDelay: 5s");
        await node.StartAsync();
        using var http = Node.CreateClient();
        var administrator = await http.CreateAdministratorAsync(node.Url, deployment.Settings.BootstrapToken!);
        using var idle = new PersistentConnection();
        var url = new Uri(node.Url, "/ingress/auth?scope=admin:token");
        (await idle.GetAsync(url, administrator.Reveal())).ShouldBe(200);
        idle.IsKept.ShouldBeTrue();

        var ending = node.TerminateAsync();
        await RealServers.WaitUntilAsync(
            async () => (await ReadinessAsync(http, node.Url)).ShouldContain("stopping"), "the start of the shutdown");
        (await idle.GetAsync(url, administrator.Reveal())).ShouldBe(200);
        idle.IsKept.ShouldBeFalse();
        (await ending).ExitCode.ShouldBe(0);
    }

    /// <summary>Returns the readiness; a server that refuses connections counts as stopping.</summary>
    private static async Task<string> ReadinessAsync(HttpClient http, Uri node)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(node, "/health/ready"));
            return await answer.Content.ReadAsStringAsync();
        }
        catch (HttpRequestException)
        {
            return "stopping";
        }
    }

    /// <summary>
    /// Sends requests until the connection is refused, and returns the number of services. Every answer must allow the request.
    /// </summary>
    private static async Task<int> SendUntilRefusedAsync(Uri node, Token token, int number)
    {
        using var connection = new PersistentConnection();
        for (var answered = 0; ; answered++)
        {
            if (
                await connection.GetAsync(
                    new Uri(node, $"/ingress/auth?service=service-{number}-{answered / RequestsToEach}"), token.Reveal()) is not { } status)
                return (answered + RequestsToEach - 1) / RequestsToEach;
            status.ShouldBe(200);
        }
    }

    private static async Task<int> CountServicesAsync(Deployment deployment)
    {
        var postgres = await RealServers.Instance.PostgresAsync();
        return int.Parse(
            (await postgres.QueryAsync(deployment.DatabaseName!, "SELECT count(DISTINCT service) FROM token_auth_history"))[0][0]!);
    }
}
