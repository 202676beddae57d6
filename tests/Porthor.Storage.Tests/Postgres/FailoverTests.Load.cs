using System.Collections.Concurrent;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Postgres;

public sealed partial class FailoverTests
{
    /// <summary>Creates, uses and revokes tokens until stopped, and records the acknowledged changes.</summary>
    private sealed class Load(PorthorDeployment node)
    {
        private volatile bool isStopped;
        private int rounds;
        private int failures;
        private int wronglyAllowed;

        public int Failures => Volatile.Read(ref failures);

        public int WronglyAllowed => Volatile.Read(ref wronglyAllowed);

        public ConcurrentDictionary<Token, bool> Valid { get; } = new();

        public ConcurrentQueue<Token> Revoked { get; } = new();

        public ConcurrentQueue<Exception> Unexpected { get; } = new();

        public void Stop() => isStopped = true;

        public Task RunAsync() => Task.WhenAll(Enumerable.Range(0, 4).Select(number => Task.Run(() => WorkAsync($"user-{number}"))));

        public Task WaitForProgressAsync()
        {
            var before = Volatile.Read(ref rounds);
            return WaitUntilAsync(() => Volatile.Read(ref rounds) > before + 20, "progress");
        }

        public Task WaitUntilAsync(Func<bool> condition, string what) =>
            RealServers.WaitUntilAsync(
                () => condition() ? Task.CompletedTask : throw new TimeoutException(string.Join('\n', Unexpected.Take(1))), what);

        private async Task WorkAsync(string username)
        {
            while (!isStopped)
            {
                try
                {
                    await WorkOnceAsync(username);
                    Interlocked.Increment(ref rounds);
                }
                catch (StoreUnavailableException)
                {
                    Interlocked.Increment(ref failures);
                    await Task.Yield();
                }
                catch (Exception e)
                {
                    Unexpected.Enqueue(e);
                }
            }
        }

        private async Task WorkOnceAsync(string username)
        {
            var session = await node.Tokens.SessionForAsync(username, "user:token,read:all");
            var token = await node.Tokens.CreateUserTokenAsync(
                session, username, new UserTokenRequest($"{Guid.NewGuid():N}", ScopeSet.Of("read:all"), node.Clock.GetUtcNow().AddDays(1)));
            if (Random.Shared.Next(2) == 0)
            {
                Valid[token] = true;
            }
            else if (await node.Tokens.DeleteTokenAsync(token.Key, session, username))
            {
                Revoked.Enqueue(token);
            }
            foreach (var revoked in Revoked.TakeLast(3))
            {
                if (await node.Tokens.GetDataAsync(revoked) is not null)
                    Interlocked.Increment(ref wronglyAllowed);
            }
        }
    }
}
