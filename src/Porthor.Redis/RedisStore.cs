using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Porthor.Telemetry;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>
/// Represents one logical database: of one server, or of the primaries of a Redis Cluster, each of which has some of the keys. Every call
/// ends within the call timeout, otherwise with a <see cref="StoreUnavailableException"/>, and uses only servers with a valid confirmation
/// that they are primaries.
/// </summary>
public abstract class RedisStore : IAsyncDisposable
{
    private protected RedisStore(RedisOptions options, string name, StoreMetrics metrics)
    {
        Options = options;
        Name = name;
        Metrics = metrics;
    }

    /// <summary>For logs, errors and metrics.</summary>
    public string Name { get; }

    /// <summary>Whether the keys are on several servers, so that a command can have only one key.</summary>
    internal abstract bool IsSharded { get; }

    /// <summary>The primaries, each once.</summary>
    internal abstract IReadOnlyList<RedisServer> Servers { get; }

    /// <summary>The time limit of a call.</summary>
    internal TimeSpan CallTimeout => Options.CallTimeout;

    private protected RedisOptions Options { get; }

    private protected StoreMetrics Metrics { get; }

    /// <summary>Connects; returns also if no server is available, and keeps trying in the background.</summary>
    /// <param name="name">For logs, errors and metrics.</param>
    /// <param name="uncertain">Called before the first use of a connection, of a server or of its data.</param>
    public static RedisStore Connect(RedisOptions options, string name, StoreMetrics metrics, ILogger logger, Action? uncertain = null) =>
        options.ClusterHosts.Count > 0
            ? new RedisCluster(options, name, metrics, logger, uncertain)
            : new RedisServer(options, options.EndPoint, name, metrics, logger, uncertain);

    /// <summary>Returns the server that has a key.</summary>
    /// <exception cref="StoreUnavailableException">No server is known to have it.</exception>
    internal abstract RedisServer ServerFor(in RedisKey key);

    /// <summary>
    /// Reads from an error which server has a key. Returns true if the call may be repeated, because it had no effect and another server is
    /// known now.
    /// </summary>
    internal virtual Task<bool> RedirectAsync(Exception error, TimeSpan timeLimit, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <summary>Calls the server that has a key, within the call timeout.</summary>
    /// <param name="what">For logs and metrics; a text of the code.</param>
    public Task<T> CallAsync<T>(string what, RedisKey key, Func<IDatabase, Task<T>> call, CancellationToken cancellationToken) =>
        CallAsync(what, key, call, CallTimeout, cancellationToken);

    /// <summary>Calls the server that has a key, within a caller's own time limit.</summary>
    public async Task<T> CallAsync<T>(string what, RedisKey key, Func<IDatabase, Task<T>> call, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await ServerFor(key).CallAsync(what, call, timeLimit - Stopwatch.GetElapsedTime(begun), cancellationToken);
            }
            catch (StoreUnavailableException e) when (e.InnerException is RedisServerException refused)
            {
                if (!await RedirectAsync(refused, timeLimit - Stopwatch.GetElapsedTime(begun), cancellationToken))
                    throw;
            }
        }
    }

    /// <summary>Calls every server, within the call timeout.</summary>
    public Task CallAllAsync<T>(string what, Func<IDatabase, Task<T>> call, CancellationToken cancellationToken) =>
        Task.WhenAll(Servers.Select(server => server.CallAsync(what, call, CallTimeout, cancellationToken)));

    /// <summary>Returns the values of keys, in their order.</summary>
    public async Task<RedisValue[]> GetAsync(string what, RedisKey[] keys, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        if (!IsSharded)
            return keys.Length == 0 ? [] : await CallAsync(what, keys[0], db => db.StringGetAsync(keys), timeLimit, cancellationToken);
        // Sent together, with one key per command: the keys of one command must be in the same slot.
        return await Task.WhenAll(keys.Select(key => CallAsync(what, key, db => ReadPlainlyAsync(db, key), timeLimit, cancellationToken)));
    }

    /// <summary>Returns the value of a key, read with a command that a server permits in every state.</summary>
    internal static async Task<RedisValue> ReadPlainlyAsync(IDatabase database, RedisKey key) =>
        (RedisValue)await database.ExecuteAsync(ServerCommands.PlainGet, key);

    /// <summary>Deletes keys, on each server in their order. Returns how many existed.</summary>
    public async Task<long> DeleteAsync(string what, RedisKey[] keys, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        if (!IsSharded)
            return keys.Length == 0 ? 0 : await CallAsync(what, keys[0], db => db.KeyDeleteAsync(keys), timeLimit, cancellationToken);
        var deleted = await Task.WhenAll(keys.Select(key => CallAsync(what, key, db => db.KeyDeleteAsync(key), timeLimit, cancellationToken)));
        return deleted.LongCount(one => one);
    }

    /// <summary>Returns the keys of a pattern in batches, as SCAN returns them: in no order, and possibly some of them twice.</summary>
    public async IAsyncEnumerable<IReadOnlyList<RedisKey>> ScanAsync(string pattern, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        const int batchSize = 1000;
        foreach (var server in Servers)
        {
            long cursor = 0;
            do
            {
                var reply = await server.CallAsync(
                    "scanning", db => db.ExecuteAsync("SCAN", cursor, "MATCH", pattern, "COUNT", batchSize), CallTimeout, cancellationToken);
                cursor = (long)reply[0];
                var keys = (RedisKey[])reply[1]!;
                if (keys.Length > 0)
                    yield return keys;
            }
            while (cursor != 0);
        }
    }

    /// <summary>Deletes the keys of a pattern. Returns how many existed.</summary>
    public async Task<long> DeleteAllAsync(string pattern, CancellationToken cancellationToken)
    {
        long deleted = 0;
        await foreach (var keys in ScanAsync(pattern, cancellationToken))
            deleted += await DeleteAsync("deleting", [.. keys], CallTimeout, cancellationToken);
        return deleted;
    }

    public abstract ValueTask DisposeAsync();
}
