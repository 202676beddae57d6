using System.Globalization;
using Porthor.Testing;

namespace Porthor.Crash.Tests.Crashes;

/// <summary>
/// What clients were told holds although nodes are killed: what was revoked is dead with all its descendants, what was handed out
/// works and is listed, every change that was acknowledged is in history, and the audit puts right all that is left. 15 kills,
/// one at each point; <c>PORTHOR_KILLS</c> asks for more, and <c>PORTHOR_SEED</c> for the same once more.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private static readonly int? Kills = Number("PORTHOR_KILLS");

    private static readonly int Seed = Number("PORTHOR_SEED") ?? Random.Shared.Next(1_000_000);

    [Theory]
    [InlineData(Mode.Database, 2)]
    [InlineData(Mode.Cluster, 3)]
    public async Task What_was_acknowledged_holds_however_nodes_are_killed(Mode mode, int nodes)
    {
        Prerequisites.SkipWithout(mode);
        // After a kill at each point, stores and nodes are new.
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

    /// <summary>A long run tells how far it is.</summary>
    private static void Report(Mode mode, string summary)
    {
        if (Kills is not null)
            Console.Error.WriteLine($"{mode} {summary}");
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
