using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Porthor.Benchmarks;

/// <summary>The results of wrk, and the resources of this process, in which the server runs.</summary>
/// <param name="CpuMicroseconds">The CPU time of this process for each request.</param>
/// <param name="Bytes">The bytes that this process allocated for each request.</param>
internal sealed record Load(double RequestsPerSecond, double P50, double P99, double CpuMicroseconds, double Bytes)
{
    public static Load MedianOf(IReadOnlyList<Load> loads) => new(
        Median(loads, load => load.RequestsPerSecond),
        Median(loads, load => load.P50),
        Median(loads, load => load.P99),
        Median(loads, load => load.CpuMicroseconds),
        Median(loads, load => load.Bytes));

    private static double Median(IReadOnlyList<Load> loads, Func<Load, double> value) =>
        loads.Select(value).Order().ElementAt(loads.Count / 2);
}

/// <summary>A request that wrk repeats.</summary>
/// <param name="IsRefused">True if the responses are denials, which are measured. Otherwise a response other than 2xx is an error.</param>
/// <param name="Clients">The number of client addresses in <c>X-Forwarded-For</c>, in turn.</param>
internal sealed record WrkRequest(Uri Url, IReadOnlyList<(string Name, string Value)> Headers, bool IsRefused = false, int Clients = 1);

/// <summary>Sends requests with wrk over 32 connections.</summary>
internal static partial class Wrk
{
    private const int Connections = 32;

    public static async Task<Load> RunAsync(WrkRequest request, TimeSpan duration)
    {
        var start = new ProcessStartInfo("wrk")
        {
            RedirectStandardOutput = true,
            ArgumentList = { "-t", "1", "-c", $"{Connections}", "-d", $"{duration.TotalSeconds:0}s", "--latency" },
        };
        foreach (var (name, value) in request.Headers)
        {
            start.ArgumentList.Add("-H");
            start.ArgumentList.Add($"{name}: {value}");
        }
        var script = Path.GetTempFileName();
        await File.WriteAllTextAsync(script, Script(request.Clients));
        start.ArgumentList.Add("-s");
        start.ArgumentList.Add(script);
        start.ArgumentList.Add(request.Url.ToString());

        using var self = Process.GetCurrentProcess();
        var (cpu, bytes) = (self.TotalProcessorTime, GC.GetTotalAllocatedBytes());
        using var wrk = Process.Start(start)!;
        var text = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        self.Refresh();
        File.Delete(script);
        var requests = Number(Requests.Match(text));
        if (wrk.ExitCode != 0 || requests == 0 || Refusals.IsMatch(text) != request.IsRefused || text.Contains(
            "Socket errors", StringComparison.Ordinal))
            throw new InvalidOperationException($"wrk: not as expected\n{text}");
        return new Load(
            Number(Rate.Match(text)),
            Microseconds(P50.Match(text)),
            Microseconds(P99.Match(text)),
            (self.TotalProcessorTime - cpu).TotalMicroseconds / requests,
            (GC.GetTotalAllocatedBytes() - bytes) / requests);
    }

    /// <summary>Creates all requests in advance. Without a script wrk would send the same request each time.</summary>
    private static string Script(int clients) => clients == 1
        ? ""
        : $$"""
          local requests, next = {}, 0
          init = function()
            for i = 1, {{clients}} do
              wrk.headers["X-Forwarded-For"] = "198.18." .. math.floor(i / 250) .. "." .. i % 250
              requests[i] = wrk.format()
            end
          end
          request = function()
            next = next % {{clients}} + 1
            return requests[next]
          end
          """;

    private static double Number(Match match) => double.Parse(match.Groups["n"].Value, CultureInfo.InvariantCulture);

    private static double Microseconds(Match match) =>
        Number(match) * match.Groups["unit"].Value switch { "us" => 1, "ms" => 1e3, _ => 1e6 };

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
