using Microsoft.Extensions.Logging;
using Porthor.Server.Hosting;
using Porthor.Sql.Schema;
using Porthor.Testing;

namespace Porthor.Storage.Tests.Starting;

/// <summary>Several nodes, or a server and a command, start at the same time on empty stores.</summary>
public sealed class ParallelStartTests
{
    private const int Starts = 10;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, EveryMode]
    public async Task One_node_creates_the_schema_and_the_others_use_it(Mode mode)
    {
        for (var round = 0; round < 2; round++)
        {
            await using var deployment = await Deployment.CreateAsync(mode);
            using var barrier = new Barrier(Starts);
            var starts = Enumerable.Range(0, Starts).Select(_ => Task.Factory.StartNew(
                () => StartAsync(deployment, barrier), Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap());
            var nodes = await Task.WhenAll(starts).WaitAsync(TimeSpan.FromMinutes(1), Cancellation);
            foreach (var node in nodes)
            {
                (await node.Sql.Schema.CheckAsync(Cancellation)).ShouldBe(SchemaState.Current);
                await node.DisposeAsync();
            }
        }
    }

    /// <summary>The library does not configure the process's thread pool; only the server does.</summary>
    [Fact]
    public async Task Opening_stores_does_not_change_the_threads_of_the_process()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        ThreadPool.GetMinThreads(out var before, out _);
        await using (PorthorDeployment.Open(
            deployment.Settings with { DatabaseConnections = before + 900 }, LoggerFactory.Create(_ => { }), TimeProvider.System))
        {
            ThreadPool.GetMinThreads(out var after, out _);
            after.ShouldBe(before);
        }
    }

    private static async Task<PorthorDeployment> StartAsync(Deployment deployment, Barrier barrier)
    {
        barrier.SignalAndWait(Cancellation);
        var node = PorthorDeployment.Open(deployment.Settings, LoggerFactory.Create(_ => { }), TimeProvider.System);
        await StartupValidation.ForServerAsync(node, Cancellation);
        return node;
    }
}
