using System.Diagnostics;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Storage.Tests.Trees;

/// <summary>A user who creates tokens continuously, and measures the time of each creation.</summary>
internal sealed class Neighbour : IAsyncDisposable
{
    /// <summary>How much a large tree may delay a writer.</summary>
    private static readonly TimeSpan Allowed = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource stopping = new();
    private readonly List<TimeSpan> times = [];
    private readonly PorthorDeployment node;
    private readonly TimeSpan idle;
    private Task work = Task.CompletedTask;

    private Neighbour(PorthorDeployment node, TimeSpan idle) => (this.node, this.idle) = (node, idle);

    /// <summary>Measures for a while without other work, and then begins.</summary>
    public static async Task<Neighbour> StartAsync(PorthorDeployment node)
    {
        List<TimeSpan> alone = [];
        for (var i = 0; i < 200; i++)
            alone.Add(await CreateAsync(node));
        var neighbour = new Neighbour(node, Slow(alone));
        neighbour.work = Task.Run(neighbour.RunAsync);
        return neighbour;
    }

    /// <summary>
    /// Stops, and fails if the delays were longer than allowed. One in ten is left out: a machine with other work delays some writes.
    /// </summary>
    public async Task<TimeSpan> CheckAsync()
    {
        await stopping.CancelAsync();
        await work;
        times.Count.ShouldBeGreaterThan(20, "the neighbour wrote too little to show anything");
        var slow = Slow(times);
        slow.ShouldBeLessThan(Allowed + (10 * idle), $"of {times.Count} writes; without other work {idle.TotalMilliseconds:F1} ms");
        return slow;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await work;
        stopping.Dispose();
    }

    private static TimeSpan Slow(List<TimeSpan> all) => all.Order().ElementAt(all.Count * 9 / 10);

    private async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested)
            times.Add(await CreateAsync(node));
    }

    private static async Task<TimeSpan> CreateAsync(PorthorDeployment node)
    {
        var begun = Stopwatch.GetTimestamp();
        await node.Tokens.CreateSessionTokenAsync("neighbour", TokenBuilders.SomeUser, ScopeSet.Empty, TokenBuilders.Address);
        return Stopwatch.GetElapsedTime(begun);
    }
}
