using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Storage.Tests.Failures;

public sealed partial class StatementCancellationTests
{
    /// <summary>
    /// A node whose cancel requests are held back in the network, and a second node that holds the locks for which its statements wait.
    /// </summary>
    private sealed class DelayedCancellation(
        Deployment deployment, FaultInjectingProxy wire, PorthorDeployment node, PorthorDeployment otherNode)
        : IAsyncDisposable
    {
        private readonly TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public PorthorDeployment Node => node;

        public PorthorDeployment OtherNode => otherNode;

        public FaultInjectingProxy Wire => wire;

        public string ConnectionString => otherNode.Settings.DatabaseConnection!.Reveal();

        public static async Task<DelayedCancellation> StartAsync()
        {
            Prerequisites.SkipWithout(Mode.Database);
            var deployment = await Deployment.CreateAsync(Mode.Database);
            var otherNode = await deployment.OpenNodeAsync();
            var wire = new FaultInjectingProxy((await RealServers.Instance.PostgresAsync()).Port);
            deployment.Settings = deployment.Settings.Through(wire) with { AnswerTimeout = LongTimeout };
            return new DelayedCancellation(deployment, wire, await deployment.OpenNodeAsync(), otherNode);
        }

        /// <summary>Cancels a statement that waits for a lock. Returns when its cancel request is held back.</summary>
        public async Task CancelWhileHeldAsync<T>(Func<CancellationToken, Task<T>> ask)
        {
            using var cancellation = new CancellationTokenSource();
            var asked = ask(cancellation.Token);
            await WaitForLockWaitsAsync(1);
            var held = wire.HoldAt(chunk => chunk.ToServer && chunk.Data.Span.StartsWith(CancelRequest), release.Task);
            await cancellation.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(asked);
            await held.WaitAsync(Timeout, Cancellation);
        }

        /// <summary>Forwards the cancel request and waits until the server has processed it.</summary>
        public async Task ForwardCancelRequestAsync()
        {
            var connections = wire.Connections;
            release.SetResult();
            // The server closes the connection of a cancel request after processing it.
            await RealServers.WaitUntilAsync(
                () => Task.FromResult(wire.Connections < connections ? true : throw new TimeoutException()),
                "the cancel request to be processed");
        }

        /// <summary>
        /// Checks that the next statement waits for its lock although the cancel request of the previous one arrives meanwhile.
        /// </summary>
        public async Task NextStatementShouldWaitAsync(TokenKey key, ITokenIndexTransaction holding)
        {
            await WaitForLockWaitsAsync(0);
            await using var next = await node.Sql.TokenIndex.BeginAsync(LongTimeout, Cancellation);
            var pending = next.LockAsync(key, Cancellation);
            await WaitForLockWaitsAsync(1);
            await ForwardCancelRequestAsync();
            await holding.DisposeAsync();
            (await pending).ShouldNotBeNull();
        }

        /// <summary>Waits until this number of statements waits for locks.</summary>
        public async Task WaitForLockWaitsAsync(int count)
        {
            var postgres = await RealServers.Instance.PostgresAsync();
            var query = $"SELECT count(*) FROM pg_stat_activity WHERE datname = '{deployment.DatabaseName}' AND wait_event_type = 'Lock'";
            await RealServers.WaitUntilAsync(
                async () => (await postgres.QueryAsync("postgres", query))[0][0].ShouldBe($"{count}"), "statements that wait");
        }

        public async ValueTask DisposeAsync()
        {
            release.TrySetResult();
            await deployment.DisposeAsync();
            await wire.DisposeAsync();
        }
    }
}
