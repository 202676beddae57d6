using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Porthor.Events;
using Porthor.Storage;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>
/// A connection to one logical database. Every call through it ends within the call timeout, by a
/// <see cref="StoreUnavailableException"/> if need be.
/// </summary>
public sealed partial class RedisServer : IAsyncDisposable
{
    private readonly RedisOptions options;
    private readonly string name;
    private readonly StoreMetrics metrics;
    private readonly ConnectionMultiplexer connection;
    private readonly IDatabase database;
    private readonly ILogger logger;
    private readonly Heartbeat heartbeat;
    private volatile Socket? socket;
    private int connections;

    private RedisServer(RedisOptions options, string name, StoreMetrics metrics, ILogger logger, Action? connecting)
    {
        this.options = options;
        this.name = name;
        this.metrics = metrics;
        this.logger = logger;
        var configuration = options.ToConfiguration();
        // Called before anything is sent on a new socket, so nobody can read through it unnoticed.
        configuration.BeforeSocketConnect = (_, _, begun) =>
        {
            socket = begun;
            Interlocked.Increment(ref connections);
            connecting?.Invoke();
        };
        connection = ConnectionMultiplexer.Connect(configuration);
        database = connection.GetDatabase();
        metrics.Watch(name, () => connection.GetCounters().TotalOutstanding);
        connection.ConnectionFailed += (_, e) => Log.ConnectionLost(logger, name, e.FailureType.ToString(), e.Exception);
        connection.ConnectionRestored += (_, _) => Log.ConnectionRestored(logger, name);
        heartbeat = new Heartbeat(
            options.CallTimeout, TimeProvider.System, () => connection.IsConnected ? database.PingAsync() : Task.CompletedTask, GiveConnectionUp);
    }

    /// <summary>How many connections were begun so far; changes exactly when a new socket comes into use.</summary>
    public int Connections => Volatile.Read(ref connections);

    /// <summary>Connects; returns also if the server is away, and goes on trying.</summary>
    /// <param name="name">For logs, errors and metrics.</param>
    /// <param name="connecting">Called before each new connection is used.</param>
    public static RedisServer Connect(RedisOptions options, string name, StoreMetrics metrics, ILogger logger, Action? connecting = null) =>
        new(options, name, metrics, logger, connecting);

    /// <summary>Does something with the database, within the call timeout.</summary>
    /// <param name="what">For logs and metrics; a text of the code.</param>
    public Task<T> CallAsync<T>(string what, Func<IDatabase, Task<T>> call, CancellationToken cancellationToken) =>
        CallAsync(what, call, options.CallTimeout, cancellationToken);

    /// <summary>As the other, within what is left of a caller's time.</summary>
    public async Task<T> CallAsync<T>(string what, Func<IDatabase, Task<T>> call, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        using var measured = Begin(what);
        try
        {
            var answer = await InTime(call(database), timeLimit, cancellationToken);
            measured.Answered();
            return answer;
        }
        catch (Exception e) when (IsOurs(e))
        {
            throw measured.Failed(e);
        }
    }

    /// <summary>For calls that bound their time themselves (<see cref="InTime"/>).</summary>
    internal IDatabase Database => database;

    /// <summary>How long a call may take.</summary>
    internal TimeSpan CallTimeout => options.CallTimeout;

    /// <summary>Whether an exception means that the server did not answer.</summary>
    internal static bool IsOurs(Exception exception) =>
        exception is RedisException or RedisCommandException or TimeoutException or ObjectDisposedException;

    /// <summary>Bounds a call of the library, whose own time-out was seen to come up to a second late.</summary>
    internal static Task<T> InTime<T>(Task<T> call, TimeSpan timeLimit, CancellationToken cancellationToken) =>
        call.WaitAsync(timeLimit > TimeSpan.Zero ? timeLimit : TimeSpan.Zero, cancellationToken);

    /// <summary>Begins to measure a call.</summary>
    internal MeasuredCall Begin(string what) => new(name, what, metrics, PorthorTraces.BeginCall(name, what));

    /// <summary>The keys of a pattern, a batch at a time, as SCAN gives them: in no order, and some perhaps twice.</summary>
    public async IAsyncEnumerable<IReadOnlyList<RedisKey>> ScanAsync(
        string pattern, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        const int batchSize = 1000;
        long cursor = 0;
        do
        {
            var reply = await CallAsync("scanning", db => db.ExecuteAsync("SCAN", cursor, "MATCH", pattern, "COUNT", batchSize), cancellationToken);
            cursor = (long)reply[0];
            var keys = (RedisKey[])reply[1]!;
            if (keys.Length > 0)
                yield return keys;
        }
        while (cursor != 0);
    }

    /// <summary>Deletes the keys of a pattern, and says how many there were.</summary>
    public async Task<long> DeleteAllAsync(string pattern, CancellationToken cancellationToken)
    {
        long deleted = 0;
        await foreach (var keys in ScanAsync(pattern, cancellationToken))
            deleted += await CallAsync("deleting", db => db.KeyDeleteAsync([.. keys]), cancellationToken);
        return deleted;
    }

    public async ValueTask DisposeAsync()
    {
        await heartbeat.DisposeAsync();
        await connection.DisposeAsync();
    }

    /// <summary>
    /// Ends a connection that nothing comes through, so that the library makes a new one. By itself it would do so when nothing has come
    /// for four time limits of calls.
    /// </summary>
    private void GiveConnectionUp()
    {
        Log.ConnectionSilent(logger, name);
        try
        {
            socket?.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended meanwhile.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Connection to {Server} lost")]
        public static partial void ConnectionLost(ILogger logger, string server, string error, Exception? exception);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Connection to {Server} says nothing, and is given up")]
        public static partial void ConnectionSilent(ILogger logger, string server);

        [LoggerMessage(Level = LogLevel.Information, Message = "Connection to {Server} restored")]
        public static partial void ConnectionRestored(ILogger logger, string server);
    }
}
