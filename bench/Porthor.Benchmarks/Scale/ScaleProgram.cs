using System.Diagnostics;
using Porthor.Testing;

namespace Porthor.Benchmarks.Scale;

/// <summary>Runs the program on large stores like an operator. The output can be large, so it is written to files.</summary>
internal sealed class ScaleProgram(string folder, IReadOnlyDictionary<string, string> variables)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);
    private int started;

    /// <summary>Runs a command until it exits. Returns its duration, its memory and CPU time, and its output.</summary>
    public async Task<(double Seconds, Footprint Footprint, string[] Lines)> RunAsync(params string[] command)
    {
        var begun = Stopwatch.GetTimestamp();
        using var process = Start(command, out var prints);
        var ended = process.WaitForExitAsync(new CancellationTokenSource(Patience).Token);
        var footprint = await Footprint.UntilAsync(ended, process.Id);
        await ended;
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        if (process.ExitCode != 0)
            throw new InvalidOperationException(
                $"porthor {string.Join(' ', command)}: {(await File.ReadAllLinesAsync(prints + ".err")).LastOrDefault()}");
        return (seconds, footprint, await File.ReadAllLinesAsync(prints + ".out"));
    }

    /// <summary>Starts a node and measures the time until it is ready.</summary>
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
                // Not ready yet.
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
            "bash", ["-c", "prints=$1; shift; exec \"$@\" >\"$prints.out\" "
                + "2>\"$prints.err\"", "bash", prints, "dotnet", Path.Combine(AppContext.BaseDirectory, "porthor.dll"), .. command]);
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}

/// <summary>A running node. Disposing it stops the process.</summary>
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
