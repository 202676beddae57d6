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
        Assert.SkipWhen(Prerequisites.WhyNot(mode) is not null, Prerequisites.WhyNot(mode) ?? "");
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
