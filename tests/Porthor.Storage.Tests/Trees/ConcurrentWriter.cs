using System.Diagnostics;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Storage.Tests.Trees;

/// <summary>Creates tokens of another user continuously and measures the duration of each creation.</summary>
internal sealed class ConcurrentWriter : IAsyncDisposable
{
    /// <summary>The maximum delay that a large tree may cause for a writer.</summary>
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource stopping = new();
    private readonly List<TimeSpan> times = [];
    private readonly PorthorDeployment node;
    private readonly TimeSpan idle;
    private Task work = Task.CompletedTask;

    private ConcurrentWriter(PorthorDeployment node, TimeSpan idle) => (this.node, this.idle) = (node, idle);

    /// <summary>First measures writes without other work. Then starts to write continuously.</summary>
    public static async Task<ConcurrentWriter> StartAsync(PorthorDeployment node)
    {
        List<TimeSpan> idleTimes = [];
        for (var i = 0; i < 200; i++)
            idleTimes.Add(await CreateAsync(node));
        var writer = new ConcurrentWriter(node, NinthDecile(idleTimes));
        writer.work = Task.Run(writer.RunAsync);
        return writer;
    }

    /// <summary>
    /// Stops, and fails the test if the delays were too long. Ignores the slowest tenth, because a busy machine delays some writes.
    /// </summary>
    public async Task<TimeSpan> CheckAsync()
    {
        await stopping.CancelAsync();
        await work;
        times.Count.ShouldBeGreaterThan(5, "too few writes for a measurement");
        var delay = NinthDecile(times);
        delay.ShouldBeLessThan(MaxDelay + (10 * idle), $"of {times.Count} writes; without other work {idle.TotalMilliseconds:F1} ms");
        return delay;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await work;
        stopping.Dispose();
    }

    private static TimeSpan NinthDecile(List<TimeSpan> all) => all.Order().ElementAt(all.Count * 9 / 10);

    private async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested)
            times.Add(await CreateAsync(node));
    }

    private static async Task<TimeSpan> CreateAsync(PorthorDeployment node)
    {
        var begun = Stopwatch.GetTimestamp();
        await node.Tokens.CreateSessionTokenAsync("writer", TokenBuilders.SomeUser, ScopeSet.Empty, TokenBuilders.Address);
        return Stopwatch.GetElapsedTime(begun);
    }
}
