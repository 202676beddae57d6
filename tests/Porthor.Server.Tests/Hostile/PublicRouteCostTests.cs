using System.Diagnostics;
using Porthor.Server.Tests.Commands;
using Porthor.Testing;

namespace Porthor.Server.Tests.Hostile;

/// <summary>
/// Public routes must need little CPU time: a client without a token must not slow down forward authentication. The list of routes comes
/// from the server itself, so that new routes are measured too.
/// </summary>
public sealed class PublicRouteCostTests : IAsyncDisposable
{
    /// <summary>The maximum CPU time per request; most requests need a tenth. Tests run a debug build.</summary>
    private static readonly TimeSpan MaxCpuTime = TimeSpan.FromMilliseconds(2);

    /// <summary>The additional CPU time per megabyte of the response, which is needed to send it.</summary>
    private static readonly TimeSpan MaxCpuTimePerMegabyte = TimeSpan.FromMilliseconds(2);

    private const int Warmup = 30;
    private const int Requests = 50;

    private readonly PorthorProgram program = new();

    [Fact]
    public async Task No_public_route_needs_more_than_two_milliseconds_of_CPU_time()
    {
        var server = await FirstStartServer.StartAsync(program);
        using var client = new HttpClient(
            new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        { BaseAddress = new Uri(server.Url) };
        using var process = Process.GetProcessById(server.Program.Id);
        await using var twin = await TestServer.StartAsync(Mode.Embedded);
        var paths = PublicPaths.Of(twin.Services);
        paths.Count.ShouldBeGreaterThan(30);
        List<string> expensive = [];
        foreach (var path in paths)
        {
            foreach (var accept in (string[])["*/*", "text/html"])
            {
                var limit = MaxCpuTime + (MaxCpuTimePerMegabyte * (await RequestAsync(client, path, accept, Warmup) / 1_000_000.0));
                // The minimum of several measurements, because background work and the JIT compiler also use CPU time.
                var cost = TimeSpan.MaxValue;
                for (var i = 0; i < 8 && cost > limit; i++)
                    cost = Min(cost, await MeasureAsync(process, () => RequestAsync(client, path, accept, Requests)));
                TestContext.Current.SendDiagnosticMessage($"{cost.TotalMilliseconds:0.000} ms {accept} {path}");
                if (cost > limit)
                    expensive.Add($"{path[..Math.Min(60, path.Length)]} ({accept}): {cost.TotalMilliseconds:0.00} ms");
            }
        }
        expensive.ShouldBeEmpty();
    }

    public ValueTask DisposeAsync() => program.DisposeAsync();

    private static async Task<TimeSpan> MeasureAsync(Process process, Func<Task> work)
    {
        process.Refresh();
        var before = process.TotalProcessorTime;
        await work();
        process.Refresh();
        return (process.TotalProcessorTime - before) / Requests;
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    /// <summary>Sends requests, and returns the size of the last response in bytes.</summary>
    private static async Task<long> RequestAsync(HttpClient client, string path, string accept, int times)
    {
        long size = 0;
        for (var i = 0; i < times; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Add("Accept", accept);
            using var answer = await client.SendAsync(request);
            ((int)answer.StatusCode).ShouldBeLessThan(500, path);
            size = (await answer.Content.ReadAsByteArrayAsync()).LongLength;
        }
        return size;
    }
}
