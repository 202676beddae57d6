using System.Diagnostics;
using Porthor.Testing;

namespace Porthor.Benchmarks;

/// <summary>
/// Measures the duration and the peak memory of the commands that process every token, with many tokens. The commands are run like an
/// operator runs them.
/// </summary>
internal sealed class LargeBenchmarks(TextWriter log, int count)
{
    private const long Goal = 200;

    public async Task RunAsync(TextWriter output)
    {
        output.WriteLine(
            $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, .NET {Environment.Version}; "
            + $"{count:N0} tokens, a third of them expired");
        output.WriteLine();
        output.WriteLine("| mode | command | seconds | peak MiB | goal | output |");
        output.WriteLine("| --- | --- | ---: | ---: | ---: | --- |");
        foreach (var mode in Enum.GetValues<Mode>())
        {
            if (Prerequisites.SkipReason(mode) is { } why)
            {
                log.WriteLine($"{mode}: {why}");
                continue;
            }
            await using var deployment = await Deployment.CreateAsync(mode);
            await using (var node = await deployment.OpenNodeAsync())
            {
                log.WriteLine($"{mode}: filling");
            }
            var data = new LargeData(deployment, count);
            await data.FillAsync();
            await using var program = await PorthorProgram.ForAsync(deployment);
            program.Variables["PORTHOR_SESSION_SECRET"] = deployment.Settings.SessionKeys[0].Reveal();
            foreach (var command in (string[][])[["audit"], ["audit", "--fix"], ["maintenance"], ["audit", "--strict"]])
            {
                log.WriteLine($"{mode}: {string.Join(' ', command)}");
                var (seconds, peak, said) = await MeasureAsync(program, command);
                output.WriteLine(
                    $"| {mode} | {string.Join(' ', command)} | {seconds:0.0} | {peak} | <= {Goal}{(peak <= Goal ? "" : " MISSED")} | "
                    + $"{said} |");
            }
        }
    }

    private static async Task<(double Seconds, long PeakMiB, string Said)> MeasureAsync(PorthorProgram program, string[] command)
    {
        var begun = Stopwatch.GetTimestamp();
        var running = program.Start(command);
        var ended = running.EndAsync(TimeSpan.FromMinutes(10));
        var footprint = await Footprint.UntilAsync(ended, running.Id);
        var outcome = await ended;
        var lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var said = outcome.ExitCode != 0 ? $"exit {outcome.ExitCode}: "
            + $"{outcome.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault()}"
            : lines.Length == 1 ? lines[0] : $"{lines.Length} lines";
        return (Stopwatch.GetElapsedTime(begun).TotalSeconds, footprint.PeakMiB, said);
    }
}
