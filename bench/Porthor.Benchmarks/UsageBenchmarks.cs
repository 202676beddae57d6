using Porthor.Testing;

namespace Porthor.Benchmarks;

/// <summary>
/// Measures the cost of recording token usage: the same request from a thousand addresses to a server that records usage and to one that
/// does not, in pairs of alternating order.
/// </summary>
internal sealed class UsageBenchmarks(TextWriter progress, TimeSpan duration, int pairs)
{
    private const int Clients = 1000;
    private const double Goal = 0.95;

    public async Task RunAsync(TextWriter output)
    {
        output.WriteLine(
            $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores shared with wrk and the stores, .NET {Environment.Version}; "
            + $"32 connections, {pairs} pairs of {duration.TotalSeconds:0} s, {Clients} clients");
        output.WriteLine();
        output.WriteLine(
            "| mode | recorded, requests/s | CPU us | not recorded, requests/s | CPU us | ratios of the pairs | median | goal |");
        output.WriteLine("| --- | ---: | ---: | ---: | ---: | --- | ---: | --- |");
        foreach (var mode in Enum.GetValues<Mode>())
        {
            await progress.WriteLineAsync($"{mode}");
            await RunAsync(mode, output);
        }
    }

    private async Task RunAsync(Mode mode, TextWriter output)
    {
        await using var recording = await IngressServer.StartAsync(mode);
        await using var silent = await IngressServer.StartAsync(mode, recordsUses: false);
        WrkRequest[] requests = [.. new[] { recording, silent }.Select(
            server => server.Ask("&service=portal", server.Bearer, clients: Clients))];
        List<Load>[] loads = [[], []];
        foreach (var request in requests)
            _ = await Wrk.RunAsync(request, TimeSpan.FromSeconds(2));
        for (var pair = 0; pair < pairs; pair++)
        {
            int[] order = pair % 2 == 0 ? [0, 1] : [1, 0];
            foreach (var which in order)
                loads[which].Add(await Wrk.RunAsync(requests[which], duration));
        }
        var ratios = loads[0].Zip(loads[1], (with, without) => with.RequestsPerSecond / without.RequestsPerSecond).ToList();
        var (recorded, not, median) = (Load.MedianOf(loads[0]), Load.MedianOf(loads[1]), ratios.Order().ElementAt(pairs / 2));
        output.WriteLine(
            $"| {mode} | {recorded.RequestsPerSecond:0} | {recorded.CpuMicroseconds:0.0} | {not.RequestsPerSecond:0} | "
            + $"{not.CpuMicroseconds:0.0} "
            + $"| {string.Join(", ", ratios.Select(ratio => $"{ratio:0.00}"))} | {median:0.00} | >= "
            + $"{Goal}{(median >= Goal ? "" : " MISSED")} |");
    }
}
