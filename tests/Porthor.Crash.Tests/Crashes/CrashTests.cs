using System.Globalization;
using Porthor.Testing;

namespace Porthor.Crash.Tests.Crashes;

/// <summary>
/// Acknowledged changes persist when nodes are killed: revoked tokens and their descendants are invalid, issued tokens are valid and
/// listed, every acknowledged change is in the history, and the audit repairs all inconsistencies. By default 15 kills, one at each kill
/// point. <c>PORTHOR_KILLS</c> sets another number, and <c>PORTHOR_SEED</c> repeats a run.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private static readonly int? Kills = Number("PORTHOR_KILLS");

    private static readonly int Seed = Number("PORTHOR_SEED") ?? Random.Shared.Next(1_000_000);

    [Theory]
    [InlineData(Mode.Database, 2)]
    [InlineData(Mode.Cluster, 3)]
    public async Task Acknowledged_changes_persist_when_nodes_are_killed(Mode mode, int nodes)
    {
        Prerequisites.SkipWithout(mode);
        // After one kill at each point, the next run starts with new stores and nodes.
        var killsInARun = KillPoint.In(mode).Length;
        for (var (seed, left) = (Seed, (Kills + 1) / 2 ?? killsInARun); left > 0; left -= killsInARun, seed++)
        {
            await using var run = await CrashRun.BeginAsync(mode, nodes, seed);
            try
            {
                await run.KillAsync(Math.Min(left, killsInARun));
                await run.CheckAsync();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"With PORTHOR_SEED={seed}: {e.Message}", e);
            }
            output.WriteLine(run.Summary);
            Report(mode, run.Summary);
        }
    }

    /// <summary>Reports the progress of a long run.</summary>
    private static void Report(Mode mode, string summary)
    {
        if (Kills is not null)
            Console.Error.WriteLine($"{mode} {summary}");
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : null;
}
