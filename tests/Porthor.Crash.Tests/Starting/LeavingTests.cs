using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Starting;

/// <summary>A server that is told to stop while it is busy.</summary>
public sealed class LeavingTests
{
    private const int Clients = 8;
    private const int RequestsToEach = 20;

    /// <summary>
    /// Every request that it took is answered, those on connections that it had kept too; and every use that it let pass is written
    /// down, those of the last moment too.
    /// </summary>
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task Told_to_stop_under_load_it_drops_no_request_and_forgets_no_use(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var node = await Node.CreateAsync(deployment);
        await node.StartAsync();
        using var http = Node.CreateClient();
        var administrator = await http.CreateAdministratorAsync(node.Url, deployment.Settings.BootstrapToken!);
        var user = Requests.TokenIn((await http.CreateUserTokenAsync(node.Url, administrator, "busy", "token", "read:all"))!);

        // Each client asks without a pause, and soon for another service, so that it is a use of its own; until nobody takes its connection.
        var clients = Enumerable.Range(0, Clients).Select(number => Task.Run(() => AskUntilRefusedAsync(node.Url, user, number))).ToList();
        await RealServers.UntilAsync(async () => (await UsesAsync(deployment)).ShouldBeGreaterThan(Clients), "uses");
        var ended = await node.TerminateAsync();
        ended.ExitCode.ShouldBe(0, ended.Errors);
        ended.Output.ShouldNotContain("\"severity\":\"error\"");

        var services = (await Task.WhenAll(clients)).Sum();
        (await UsesAsync(deployment)).ShouldBe(services);
    }

    /// <summary>What a client sends on a connection that it has kept, before it can know that the server leaves, is answered, and says so.</summary>
    [Fact]
    public async Task Told_to_stop_it_answers_on_connections_that_were_idle_and_says_that_they_end()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        // Time enough for a client on a busy machine.
        await using var node = await Node.CreateAsync(deployment, "shutdownDelay: 5s");
        await node.StartAsync();
        using var http = Node.CreateClient();
        var administrator = await http.CreateAdministratorAsync(node.Url, deployment.Settings.BootstrapToken!);
        using var idle = new KeptConnection();
        var question = new Uri(node.Url, "/ingress/auth?scope=admin:token");
        (await idle.GetAsync(question, administrator.Reveal())).ShouldBe(200);
        idle.IsKept.ShouldBeTrue();

        var ending = node.TerminateAsync();
        await RealServers.UntilAsync(async () => (await ReadinessAsync(http, node.Url)).ShouldContain("stopping"), "the server to be told");
        (await idle.GetAsync(question, administrator.Reveal())).ShouldBe(200);
        idle.IsKept.ShouldBeFalse();
        (await ending).ExitCode.ShouldBe(0);
    }

    /// <summary>A server that takes nobody any more is taken for one that stops, too.</summary>
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

    /// <summary>How many services let the client pass; every answer is a yes.</summary>
    private static async Task<int> AskUntilRefusedAsync(Uri node, Token token, int number)
    {
        using var connection = new KeptConnection();
        for (var answered = 0; ; answered++)
        {
            if (await connection.GetAsync(new Uri(node, $"/ingress/auth?service=service-{number}-{answered / RequestsToEach}"), token.Reveal()) is not { } status)
                return (answered + RequestsToEach - 1) / RequestsToEach;
            status.ShouldBe(200);
        }
    }

    private static async Task<int> UsesAsync(Deployment deployment)
    {
        var postgres = await RealServers.Instance.PostgresAsync();
        return int.Parse((await postgres.QueryAsync(deployment.DatabaseName!, "SELECT count(DISTINCT service) FROM token_auth_history"))[0][0]!);
    }
}
