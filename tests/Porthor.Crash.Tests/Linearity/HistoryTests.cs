using System.Globalization;
using Porthor.Testing;

namespace Porthor.Crash.Tests.Linearity;

/// <summary>
/// Many clients use, reduce and revoke a tree of tokens at three nodes concurrently. The operations on each token are linearizable, no
/// child ever has a scope that its parent does not have, and at the end no record has more scopes than its row. By default 5,000 operations
/// in each mode; <c>PORTHOR_OPERATIONS</c> sets another number.
/// </summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    private static readonly int OperationCount = int.Parse(
        Environment.GetEnvironmentVariable("PORTHOR_OPERATIONS") ?? "5000", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task The_operations_on_every_token_are_linearizable(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        List<TestServer> nodes = [];
        for (var i = 0; i < 3; i++)
            nodes.Add(deployment.Own(await TestServer.StartAsync(deployment)));
        using var http = Node.CreateClient();
        var administrator = await http.CreateAdministratorAsync(nodes[0].Url, deployment.Settings.BootstrapToken!);
        var (operations, childrenAllowed, reduced, trees, seed) = (0, 0, 0, 0, Random.Shared.Next());
        for (; operations < OperationCount; trees++)
        {
            var workload = new TreeWorkload(nodes, administrator, $"user{trees}", seed + trees, http);
            await workload.RunAsync();
            var snapshot = new TreeSnapshot(deployment, nodes, $"user{trees}");
            var ancestry = Ancestry.Of(await snapshot.RowsAsync());
            List<string> violations = [
                .. workload.Violations(), .. ancestry.Violations, .. await snapshot.RecordsWithExtraScopesAsync(ancestry, workload.Tokens)];
            if (violations.Count > 0)
                violations.Add(await snapshot.DescribeAsync(workload.Tokens));
            violations.ShouldBeEmpty($"with seed {seed + trees}");
            operations += workload.Operations;
            childrenAllowed += workload.ChildrenAllowed;
            reduced += ancestry.Reduced;
            nodes.ForEach(node => node.Logs.Clear());
        }
        childrenAllowed.ShouldBeGreaterThan(0);
        reduced.ShouldBeGreaterThan(0);
        output.WriteLine($"{operations} operations on {trees} trees, {reduced} children with reduced scopes");
    }
}
