using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Porthor.Telemetry;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>
/// Represents one logical database: of one server, or of the primaries of a Redis Cluster, each of which has some of the keys. Every call
/// ends within the call timeout; if the server does not respond, the call throws a <see cref="StoreUnavailableException"/>. A call uses
/// only servers that have confirmed that they are primaries.
/// </summary>
public abstract class RedisStore : IAsyncDisposable
{
    private protected RedisStore(RedisOptions options, string name, StoreMetrics metrics)
    {
        Options = options;
        Name = name;
        Metrics = metrics;
    }

    /// <summary>Returns the name in logs, errors and metrics.</summary>
    public string Name { get; }

    /// <summary>Returns true if the keys are on several servers, so that a command can have only one key.</summary>
    internal abstract bool IsSharded { get; }

    /// <summary>Returns the primaries.</summary>
    internal abstract IReadOnlyList<RedisServer> Servers { get; }

    /// <summary>Returns the time limit of a call.</summary>
    internal TimeSpan CallTimeout => Options.CallTimeout;

    private protected RedisOptions Options { get; }

    private protected StoreMetrics Metrics { get; }

    /// <summary>Connects to the servers. If no server is available, the method returns and retries in the background.</summary>
    /// <param name="options">The connection options.</param>
    /// <param name="name">The name in logs, errors and metrics.</param>
    /// <param name="metrics">Measures the calls.</param>
    /// <param name="logger">The logger.</param>
    /// <param name="onDataUncertain">
    /// Called before a new connection, another server or other data is used for the first time; null if no call is needed.
    /// </param>
    public static RedisStore Connect(
        RedisOptions options, string name, StoreMetrics metrics, ILogger logger, Action? onDataUncertain = null) =>
        options.ClusterHosts.Count > 0
            ? new RedisCluster(options, name, metrics, logger, onDataUncertain)
            : new RedisServer(options, options.EndPoint, name, metrics, logger, onDataUncertain);

    /// <summary>Returns the server that has a key.</summary>
    /// <exception cref="StoreUnavailableException">No server is known to have the key.</exception>
    internal abstract RedisServer ServerFor(in RedisKey key);

    /// <summary>
    /// Finds the server that has a key after a server reported that it does not have it. Returns true if the caller may repeat the call,
    /// which had no effect.
    /// </summary>
    internal virtual Task<bool> RedirectAsync(Exception error, TimeSpan timeLimit, CancellationToken cancellationToken) =>
        Task.FromResult(false);

    /// <summary>Calls the server that has a key, within the call timeout.</summary>
    /// <param name="what">The operation in logs and metrics, a constant.</param>
    /// <param name="key">The key.</param>
    /// <param name="call">Sends the command.</param>
    /// <param name="cancellationToken">Ends the wait for the response.</param>
    /// <exception cref="StoreUnavailableException">
    /// The server did not respond, rejected the command, or may not be the primary.
    /// </exception>
    public Task<T> CallAsync<T>(string what, RedisKey key, Func<IDatabase, Task<T>> call, CancellationToken cancellationToken) =>
        CallAsync(what, key, call, CallTimeout, cancellationToken);

    /// <summary>Calls the server that has a key, within a time limit of the caller.</summary>
    /// <param name="what">The operation in logs and metrics, a constant.</param>
    /// <param name="key">The key.</param>
    /// <param name="call">Sends the command.</param>
    /// <param name="timeLimit">The time limit.</param>
    /// <param name="cancellationToken">Ends the wait for the response.</param>
    /// <exception cref="StoreUnavailableException">
    /// The server did not respond, rejected the command, or may not be the primary.
    /// </exception>
    public async Task<T> CallAsync<T>(
        string what, RedisKey key, Func<IDatabase, Task<T>> call, TimeSpan timeLimit, CancellationToken cancellationToken)
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

    /// <summary>Calls all servers, within the call timeout.</summary>
    public Task CallAllAsync<T>(string what, Func<IDatabase, Task<T>> call, CancellationToken cancellationToken) =>
        Task.WhenAll(Servers.Select(server => server.CallAsync(what, call, CallTimeout, cancellationToken)));

    /// <summary>Returns the values of keys, in the order of the keys.</summary>
    public async Task<RedisValue[]> GetAsync(string what, RedisKey[] keys, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        if (!IsSharded)
            return keys.Length == 0 ? [] : await CallAsync(what, keys[0], db => db.StringGetAsync(keys), timeLimit, cancellationToken);
        // The commands are sent together. Each has one key, because all keys of a command must be in the same slot.
        return await Task.WhenAll(keys.Select(key => CallAsync(what, key, db => ReadWithGetAsync(db, key), timeLimit, cancellationToken)));
    }

    /// <summary>Returns the value of a key. It is read with <c>GET</c>, which servers execute in every state.</summary>
    internal static async Task<RedisValue> ReadWithGetAsync(IDatabase database, RedisKey key) =>
        (RedisValue)await database.ExecuteAsync(ServerCommands.PlainGet, key);

    /// <summary>Deletes keys, on each server in their order. Returns the number of keys that existed.</summary>
    public async Task<long> DeleteAsync(string what, RedisKey[] keys, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        if (!IsSharded)
            return keys.Length == 0 ? 0 : await CallAsync(what, keys[0], db => db.KeyDeleteAsync(keys), timeLimit, cancellationToken);
        var deleted = await Task.WhenAll(
            keys.Select(key => CallAsync(what, key, db => db.KeyDeleteAsync(key), timeLimit, cancellationToken)));
        return deleted.LongCount(one => one);
    }

    /// <summary>Returns the keys of a pattern in batches, as SCAN returns them: unordered, and possibly some of them twice.</summary>
    public async IAsyncEnumerable<IReadOnlyList<RedisKey>> ScanAsync(
        string pattern, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        const int batchSize = 1000;
        foreach (var server in Servers)
        {
            long cursor = 0;
            do
            {
                var reply = await server.CallAsync(
                    "scanning",
                    db => db.ExecuteAsync("SCAN", cursor, "MATCH", pattern, "COUNT", batchSize),
                    CallTimeout,
                    cancellationToken);
                cursor = (long)reply[0];
                var keys = (RedisKey[])reply[1]!;
                if (keys.Length > 0)
                    yield return keys;
            }
            while (cursor != 0);
        }
    }

    /// <summary>Deletes the keys of a pattern. Returns the number of keys that existed.</summary>
    public async Task<long> DeleteAllAsync(string pattern, CancellationToken cancellationToken)
    {
        long deleted = 0;
        await foreach (var keys in ScanAsync(pattern, cancellationToken))
            deleted += await DeleteAsync("deleting", [.. keys], CallTimeout, cancellationToken);
        return deleted;
    }

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
