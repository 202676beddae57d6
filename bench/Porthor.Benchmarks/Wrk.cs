using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Porthor.Benchmarks;

/// <summary>What wrk saw, and what this process, which holds the server, spent on it.</summary>
/// <param name="CpuMicroseconds">Of this process, a request.</param>
/// <param name="Bytes">Allocated by this process, a request.</param>
internal sealed record Load(double RequestsPerSecond, double P50, double P99, double CpuMicroseconds, double Bytes)
{
    public static Load MedianOf(IReadOnlyList<Load> loads) => new(
        Median(loads, load => load.RequestsPerSecond),
        Median(loads, load => load.P50),
        Median(loads, load => load.P99),
        Median(loads, load => load.CpuMicroseconds),
        Median(loads, load => load.Bytes));

    private static double Median(IReadOnlyList<Load> loads, Func<Load, double> value) => loads.Select(value).Order().ElementAt(loads.Count / 2);
}

/// <summary>Drives a server with wrk over 32 connections.</summary>
internal static partial class Wrk
{
    private const int Connections = 32;

    /// <param name="expectRefusals">Whether answers other than 2xx are what is measured; otherwise they are an error.</param>
    public static async Task<Load> RunAsync(Uri url, IEnumerable<(string Name, string Value)> headers, TimeSpan duration, bool expectRefusals)
    {
        var start = new ProcessStartInfo("wrk")
        {
            RedirectStandardOutput = true,
            ArgumentList = { "-t", "1", "-c", $"{Connections}", "-d", $"{duration.TotalSeconds:0}s", "--latency" },
        };
        foreach (var (name, value) in headers)
        {
            start.ArgumentList.Add("-H");
            start.ArgumentList.Add($"{name}: {value}");
        }
        start.ArgumentList.Add(url.ToString());

        using var self = Process.GetCurrentProcess();
        var (cpu, bytes) = (self.TotalProcessorTime, GC.GetTotalAllocatedBytes());
        using var wrk = Process.Start(start)!;
        var text = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        self.Refresh();
        var requests = Number(Requests.Match(text));
        var refused = Refusals.IsMatch(text);
        if (wrk.ExitCode != 0 || requests == 0 || refused != expectRefusals || text.Contains("Socket errors", StringComparison.Ordinal))
            throw new InvalidOperationException($"wrk: not as expected\n{text}");
        return new Load(
            Number(Rate.Match(text)),
            Microseconds(P50.Match(text)),
            Microseconds(P99.Match(text)),
            (self.TotalProcessorTime - cpu).TotalMicroseconds / requests,
            (GC.GetTotalAllocatedBytes() - bytes) / requests);
    }

    private static double Number(Match match) => double.Parse(match.Groups["n"].Value, CultureInfo.InvariantCulture);

    private static double Microseconds(Match match) => Number(match) * match.Groups["unit"].Value switch { "us" => 1, "ms" => 1e3, _ => 1e6 };

    [GeneratedRegex(@"(?<n>\d+) requests in", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Requests { get; }

    [GeneratedRegex(@"Requests/sec:\s+(?<n>[\d.]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Rate { get; }

    [GeneratedRegex(@"50%\s+(?<n>[\d.]+)(?<unit>us|ms|s)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex P50 { get; }

    [GeneratedRegex(@"99%\s+(?<n>[\d.]+)(?<unit>us|ms|s)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex P99 { get; }

    [GeneratedRegex(@"Non-2xx or 3xx responses: \d+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Refusals { get; }
}
