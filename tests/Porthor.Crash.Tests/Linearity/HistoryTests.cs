using System.Globalization;
using Porthor.Testing;

namespace Porthor.Crash.Tests.Linearity;

/// <summary>
/// However many clients use, narrow and revoke a tree of tokens at three nodes at the same time: each token behaves as if one thing
/// happened to it after another, no child ever held what its parent did not, and in the end no record allows more than is listed.
/// 5,000 operations in each mode; <c>PORTHOR_OPERATIONS</c> asks for more.
/// </summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    private static readonly int Wanted = int.Parse(Environment.GetEnvironmentVariable("PORTHOR_OPERATIONS") ?? "5000", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task Every_token_has_one_history(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        List<TestServer> nodes = [];
        for (var i = 0; i < 3; i++)
            nodes.Add(deployment.Own(await TestServer.StartAsync(deployment)));
        using var http = Node.CreateClient();
        var administrator = await http.CreateAdministratorAsync(nodes[0].Url, deployment.Settings.BootstrapToken!);
        var (operations, passed, narrowed, trees, seed) = (0, 0, 0, 0, Random.Shared.Next());
        for (; operations < Wanted; trees++)
        {
            var story = new TreeWorkload(nodes, administrator, $"user{trees}", seed + trees, http);
            await story.TellAsync();
            var evidence = new Evidence(deployment, nodes, $"user{trees}");
            var ancestry = Ancestry.Of(await evidence.RowsAsync());
            List<string> impossible = [.. story.Impossible(), .. ancestry.Impossible, .. await evidence.TooMuchAsync(ancestry, story.Tokens)];
            if (impossible.Count > 0)
                impossible.Add(await evidence.TellAsync(story.Tokens));
            impossible.ShouldBeEmpty($"with seed {seed + trees}");
            operations += story.Operations;
            passed += story.ChildrenPassed;
            narrowed += ancestry.Narrowed;
            nodes.ForEach(node => node.Logs.Clear());
        }
        passed.ShouldBeGreaterThan(0);
        narrowed.ShouldBeGreaterThan(0);
        output.WriteLine($"{operations} operations on {trees} trees, {narrowed} children narrowed");
    }
}
