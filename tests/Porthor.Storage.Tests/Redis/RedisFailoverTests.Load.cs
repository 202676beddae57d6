using System.Collections.Concurrent;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Redis;

public sealed partial class RedisFailoverTests
{
    /// <summary>Creates and revokes tokens on two nodes continuously, and presents the revoked ones.</summary>
    private sealed class Load : IAsyncDisposable
    {
        private const int MinimumRevocations = 10;

        private readonly CancellationTokenSource stopping = new();
        private readonly ConcurrentQueue<Token> revoked = new();
        private readonly PorthorDeployment[] nodes;
        private readonly Task[] tasks;
        private int revocations;
        private int unknown;

        private Load(PorthorDeployment[] nodes, Caller session)
        {
            (this.nodes, Session) = (nodes, session);
            tasks = [.. nodes.Select(node => Task.Run(() => RevokeAsync(node))), .. nodes.Select(
                node => Task.Run(() => ReadRevokedAsync(node)))];
        }

        public Caller Session { get; }

        public static async Task<Load> BeginAsync(Deployment deployment)
        {
            PorthorDeployment[] nodes = [await deployment.OpenNodeAsync(), await deployment.OpenNodeAsync()];
            var load = new Load(nodes, await nodes[0].Tokens.SessionForAsync("some-user"));
            await load.WaitForRevocationsAsync(MinimumRevocations);
            return load;
        }

        /// <summary>Waits until both nodes work again, and checks the results.</summary>
        public async Task EndAsync()
        {
            await WaitForRevocationsAsync(Volatile.Read(ref revocations) + MinimumRevocations);
            foreach (var node in nodes)
                await RealServers.WaitUntilAsync(() => node.RecordStore.CheckAsync(Cancellation), "the record store");
            await WaitForRevocationsAsync(Volatile.Read(ref revocations) + MinimumRevocations);
            await stopping.CancelAsync();
            await Task.WhenAll(tasks);
            revoked.Count.ShouldBeGreaterThan(3 * MinimumRevocations);
            Volatile.Read(ref unknown).ShouldBeGreaterThan(0);
            foreach (var node in nodes)
            {
                foreach (var token in revoked)
                    (await node.Tokens.GetDataAsync(token)).ShouldBeNull();
            }
        }

        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync();
            await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stopping.Dispose();
        }

        private async Task RevokeAsync(PorthorDeployment node)
        {
            while (!stopping.IsCancellationRequested)
            {
                try
                {
                    var request = new AdminTokenRequest
                    {
                        Username = "some-user",
                        TokenType = TokenType.User,
                        TokenName = $"{Guid.NewGuid():N}",
                        Scopes = ScopeSet.Empty
                    };
                    var token = await node.Tokens.CreateTokenFromAdminRequestAsync(request, TokenBuilders.Administrator(node.Clock));
                    await node.Tokens.DeleteTokenAsync(token.Key, TokenBuilders.Administrator(node.Clock), "some-user");
                    revoked.Enqueue(token);
                    Interlocked.Increment(ref revocations);
                }
                catch (StoreUnavailableException)
                {
                    Interlocked.Increment(ref unknown);
                    await Task.Yield();
                }
            }
        }

        private async Task ReadRevokedAsync(PorthorDeployment node)
        {
            while (!stopping.IsCancellationRequested)
            {
                foreach (var token in revoked.Reverse().Take(5 * MinimumRevocations))
                {
                    try
                    {
                        (await node.Tokens.GetDataAsync(token, CancellationToken.None)).ShouldBeNull(
                            $"{token.Key} is valid after its revocation was acknowledged");
                    }
                    catch (StoreUnavailableException)
                    {
                        Interlocked.Increment(ref unknown);
                    }
                }
                await Task.Yield();
            }
        }

        private Task WaitForRevocationsAsync(int count) => RealServers.WaitUntilAsync(
            async () =>
            {
                if (tasks?.FirstOrDefault(task => task.IsFaulted) is { } failed)
                    await failed;
                if (Volatile.Read(ref revocations) < count)
                    throw new TimeoutException($"{Volatile.Read(ref revocations)} revocations");
            },
            $"{count} revocations");
    }
}
