using System.Diagnostics;
using Porthor.Testing;

namespace Porthor.Benchmarks.Scale;

/// <summary>The program as an operator runs it over large stores. What it prints goes to files, as that may be very much.</summary>
internal sealed class ScaleProgram(string folder, IReadOnlyDictionary<string, string> variables)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);
    private int started;

    /// <summary>Runs a command to its end: how long it took, what it took of the machine, and what it printed.</summary>
    public async Task<(double Seconds, Footprint Footprint, string[] Lines)> RunAsync(params string[] command)
    {
        var begun = Stopwatch.GetTimestamp();
        using var process = Start(command, out var prints);
        var ended = process.WaitForExitAsync(new CancellationTokenSource(Patience).Token);
        var footprint = await Footprint.UntilAsync(ended, process.Id);
        await ended;
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"porthor {string.Join(' ', command)}: {(await File.ReadAllLinesAsync(prints + ".err")).LastOrDefault()}");
        return (seconds, footprint, await File.ReadAllLinesAsync(prints + ".out"));
    }

    /// <summary>Starts a node, and says after how long it was ready.</summary>
    public async Task<ScaleNode> ServeAsync()
    {
        var url = new Uri($"http://127.0.0.1:{RealServers.FreePort()}");
        var begun = Stopwatch.GetTimestamp();
        var process = Start(["run", "--urls", url.AbsoluteUri], out var prints);
        using var client = new HttpClient();
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri(url, "/health/ready"));
                if (answer.IsSuccessStatusCode)
                    return new ScaleNode(process, url, Stopwatch.GetElapsedTime(begun));
            }
            catch (HttpRequestException) when (!process.HasExited && Stopwatch.GetElapsedTime(begun) < Patience)
            {
                // Not yet.
            }
            catch (HttpRequestException e)
            {
                throw new InvalidOperationException($"porthor run: {await File.ReadAllTextAsync(prints + ".err")}", e);
            }
            await Task.Delay(5);
        }
    }

    private Process Start(string[] command, out string prints)
    {
        prints = Path.Combine(folder, $"{command[0]}-{++started}");
        var start = new ProcessStartInfo(
            "bash", ["-c", "prints=$1; shift; exec \"$@\" >\"$prints.out\" 2>\"$prints.err\"", "bash", prints, "dotnet", Path.Combine(AppContext.BaseDirectory, "porthor.dll"), .. command]);
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}

/// <summary>A node that serves; ended with this.</summary>
internal sealed record ScaleNode(Process Process, Uri Url, TimeSpan ReadyAfter) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        if (!Process.HasExited)
            Process.Kill();
        await Process.WaitForExitAsync();
        Process.Dispose();
    }
}
