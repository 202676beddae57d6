using System.Collections.Concurrent;
using System.Diagnostics;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Benchmarks;

/// <summary>
/// Measures how long forward authentication takes while clients without a token request a public route at a constant rate. The server runs
/// in a separate process in embedded mode. Both loads are open: a slow response does not delay the next request.
/// </summary>
internal sealed class PublicBenchmarks(TextWriter progress, TimeSpan duration)
{
    private const int AuthRate = 200;
    private const int PublicRate = 100;
    private const double Goal = 3;

    /// <summary>Returns false if a route misses the goal.</summary>
    public async Task<bool> RunAsync(TextWriter output)
    {
        await using var deployment = await Deployment.CreateAsync(Mode.Embedded);
        var core = await deployment.OpenNodeAsync();
        var session = await core.Tokens.SessionForAsync("someuser", "read:all,user:token");
        await using var program = await PorthorProgram.ForAsync(deployment);
        program.Variables["PORTHOR_SESSION_SECRET"] = core.SessionKeys[0].Reveal();
        using var server = await ServingProgram.StartAsync(program, withMetrics: false);
        await using var twin = await TestServer.StartAsync(Mode.Embedded);
        await AuthP99Async(server, session.Record.Token);
        var idle = await AuthP99Async(server, session.Record.Token);

        await output.WriteLineAsync(
            $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, .NET {Environment.Version}; "
            + $"forward authentication at {AuthRate} requests/s, "
            + $"each public route at {PublicRate} requests/s, {duration.TotalSeconds:0} s; idle p99 {idle.TotalMilliseconds:0.0} ms");
        await output.WriteLineAsync();
        await output.WriteLineAsync("| route | p99 ms | ratio to idle | goal |");
        await output.WriteLineAsync("| --- | ---: | ---: | ---: |");
        var met = true;
        foreach (var path in PublicPaths.Of(twin.Services))
        {
            await progress.WriteLineAsync(path[..Math.Min(60, path.Length)]);
            using var stopping = new CancellationTokenSource();
            var flood = AtRateAsync(PublicRate, async () =>
            {
                using var answer = await server.Client.GetAsync(path);
                await answer.Content.ReadAsByteArrayAsync();
            }, stopping.Token);
            var p99 = await AuthP99Async(server, session.Record.Token);
            await stopping.CancelAsync();
            await flood;
            var ratio = p99 / idle;
            met &= ratio <= Goal;
            await output.WriteLineAsync(
                $"| `{path[..Math.Min(60, path.Length)]}` | {p99.TotalMilliseconds:0.0} | {ratio:0.00} | <= "
                + $"{Goal}{(ratio <= Goal ? "" : " MISSED")} |");
        }
        return met;
    }

    /// <summary>Returns the 99th percentile of the duration of authorization subrequests.</summary>
    private async Task<TimeSpan> AuthP99Async(ServingProgram server, Token token)
    {
        ConcurrentBag<TimeSpan> times = [];
        using var stopping = new CancellationTokenSource(duration);
        await AtRateAsync(AuthRate, async () =>
        {
            var begun = Stopwatch.GetTimestamp();
            var status = await server.AuthorizeAsync(token, "?scope=read:all");
            times.Add(status == System.Net.HttpStatusCode.OK ? Stopwatch.GetElapsedTime(begun) : TimeSpan.MaxValue);
        }, stopping.Token);
        var sorted = times.Order().ToList();
        return sorted[(int)(sorted.Count * 0.99)];
    }

    /// <summary>Starts an operation at a constant rate until stopped, and waits for the started operations.</summary>
    private static async Task AtRateAsync(int perSecond, Func<Task> work, CancellationToken stopping)
    {
        List<Task> begun = [];
        var start = Stopwatch.GetTimestamp();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        try
        {
            while (await pace.WaitForNextTickAsync(stopping))
            {
                // Starts all operations that are due, also after a late timer.
                for (var due = Stopwatch.GetElapsedTime(start).TotalSeconds * perSecond; begun.Count < due;)
                    begun.Add(Task.Run(work, CancellationToken.None));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
        await Task.WhenAll(begun);
    }
}
