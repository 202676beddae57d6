using System.Globalization;
using Porthor.Testing;

namespace Porthor.Crash.Tests.Linearity;

/// <summary>
/// However many clients use, narrow and revoke a tree of tokens at three nodes at the same time: each token behaves as if one thing
/// happened to it after another. 5,000 operations in each mode; <c>PORTHOR_OPERATIONS</c> asks for more.
/// </summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    private static readonly int Wanted = int.Parse(Environment.GetEnvironmentVariable("PORTHOR_OPERATIONS") ?? "5000", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task Every_token_has_one_history(Mode mode)
    {
        Assert.SkipWhen(Prerequisites.WhyNot(mode) is not null, Prerequisites.WhyNot(mode) ?? "");
        await using var deployment = await Deployment.CreateAsync(mode);
        List<TestServer> nodes = [];
        for (var i = 0; i < 3; i++)
            nodes.Add(deployment.Own(await TestServer.StartAsync(deployment)));
        using var http = Node.CreateClient();
        var administrator = await http.CreateAdministratorAsync(nodes[0].Url, deployment.Settings.BootstrapToken!);
        var (operations, passed, trees, seed) = (0, 0, 0, Random.Shared.Next());
        for (; operations < Wanted; trees++)
        {
            var story = new Story(nodes, administrator, $"user{trees}", seed + trees, http);
            await story.TellAsync();
            List<string> impossible = [.. story.Impossible()];
            if (impossible.Count > 0)
                impossible.AddRange(await RowsAsync(deployment, $"user{trees}"));
            impossible.ShouldBeEmpty($"with seed {seed + trees}");
            operations += story.Operations;
            passed += story.ChildrenPassed;
            nodes.ForEach(node => node.Logs.Clear());
        }
        passed.ShouldBeGreaterThan(0);
        output.WriteLine($"{operations} operations on {trees} trees");
    }

    /// <summary>What the ledger says of a tree, for whoever has to find out.</summary>
    private static async Task<IEnumerable<string>> RowsAsync(Deployment deployment, string username)
    {
        var postgres = await RealServers.Instance.PostgresAsync();
        var rows = await postgres.QueryAsync(
            deployment.DatabaseName!,
            $"SELECT id, token, parent, action, scopes, old_scopes, service, event_time FROM token_change_history WHERE username = '{username}' ORDER BY id");
        return rows.Select(row => string.Join(' ', row));
    }
}
