using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Porthor.Concurrency;
using Porthor.Storage;
using Porthor.Telemetry;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>Represents a connection to one logical database of one server. It is used only while the server is the primary.</summary>
public sealed partial class RedisServer : RedisStore
{
    /// <summary>The maximum time for which a server is used before its role is queried again.</summary>
    private static readonly TimeSpan LongestLease = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan DiagnosisPause = TimeSpan.FromSeconds(5);

    private readonly ConnectionMultiplexer connection;
    private readonly IDatabase database;
    private readonly ILogger logger;
    private readonly Heartbeat heartbeat;
    private readonly SentinelTunnel? sentinel;
    private readonly PrimaryLease lease;
    private readonly ServerStateQuery query = new();
    private readonly Action? onDataUncertain;
    private readonly SharedOperation<string?> confirmation;
    private volatile Socket? socket;
    private volatile ServerState? latest;
    private string? connectionProblem;
    private long diagnosed;
    private volatile bool readsWithGet;
    private string? roleProblem;
    private int connections;

    internal RedisServer(RedisOptions options, EndPoint server, string name, StoreMetrics metrics, ILogger logger, Action? onDataUncertain)
        : base(options, name, metrics)
    {
        this.logger = logger;
        this.onDataUncertain = onDataUncertain;
        EndPoint = server;
        confirmation = new(ConfirmNowAsync, freshness: TimeSpan.Zero, TimeProvider.System);
        lease = new PrimaryLease(LeaseOf(options.CallTimeout));
        var configuration = options.ToConfiguration(server);
        configuration.BeforeSocketConnect = (_, _, begun) => Begin(begun);
        if (options.Sentinel is not null)
            configuration.Tunnel = sentinel = new SentinelTunnel(options, configuration, logger);
        connection = ConnectionMultiplexer.Connect(configuration);
        database = connection.GetDatabase();
        metrics.Watch(name, () => connection.GetCounters().TotalOutstanding);
        connection.ConnectionFailed += (_, e) => Log.ConnectionLost(logger, name, e.FailureType.ToString(), e.Exception);
        connection.ConnectionRestored += (_, _) => Log.ConnectionRestored(logger, name);
        heartbeat = new Heartbeat(
            options.CallTimeout,
            TimeProvider.System,
            () => connection.IsConnected ? ConfirmAsync() : Task.CompletedTask,
            CloseUnresponsiveConnection);
    }

    /// <summary>Returns the number of connections that were started. It changes when, and only when, a new socket is used.</summary>
    public int Connections => Volatile.Read(ref connections);

    /// <summary>Returns true if the confirmation that the server is the primary is valid, so that its responses may be used.</summary>
    internal bool IsPrimary => lease.IsValid;

    /// <summary>
    /// Returns the time for which a confirmation of the role is valid, on this node and on all nodes with the same time limits.
    /// </summary>
    internal TimeSpan LeaseLength => lease.Length;

    /// <summary>The last report of the server through the current connection; null before the first.</summary>
    internal ServerState? State => latest;

    /// <summary>Returns the reason why the server rejects a query of its state; null if the server answers the first query.</summary>
    internal string? Refusal => query.Refusal;

    /// <summary>Returns the reason why the server is not connected; null if it is connected. Only the replay calls this method.</summary>
    internal async Task<string?> FindConnectionProblemAsync()
    {
        if (connection.IsConnected)
            return null;
        if (sentinel?.Problem is { } problem)
            return problem;
        var now = Stopwatch.GetTimestamp();
        if (connectionProblem is null || Stopwatch.GetElapsedTime(diagnosed, now) > DiagnosisPause)
        {
            diagnosed = now;
            var (server, host) = sentinel?.Current is { } primary
                ? (primary, SentinelTunnel.HostOf(primary))
                : (EndPoint, SentinelTunnel.HostOf(EndPoint));
            connectionProblem = await ConnectionDiagnosis.FindAsync(Options, server, host) is { } reason
                ? $"cannot connect: {reason}"
                : "cannot connect";
        }
        return connectionProblem;
    }

    internal EndPoint EndPoint { get; }

    internal override bool IsSharded => false;

    internal override IReadOnlyList<RedisServer> Servers => [this];

    /// <summary>
    /// Returns the database for callers that limit the duration of a call (<see cref="InTime"/>) and check <see cref="IsPrimary"/> after
    /// it.
    /// </summary>
    internal IDatabase Database => database;

    internal override RedisServer ServerFor(in RedisKey key) => this;

    /// <summary>Calls the server within a time limit.</summary>
    /// <param name="what">The operation in logs and metrics, a constant.</param>
    /// <param name="call">Sends the command.</param>
    /// <param name="timeLimit">The time limit.</param>
    /// <param name="cancellationToken">Ends the wait for the response.</param>
    /// <exception cref="StoreUnavailableException">
    /// The server did not respond, rejected the command, or may not be the primary.
    /// </exception>
    internal async Task<T> CallAsync<T>(string what, Func<IDatabase, Task<T>> call, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        using var measured = Begin(what);
        try
        {
            var answer = await CallPrimaryAsync(call, timeLimit, cancellationToken);
            measured.Answered();
            return answer;
        }
        catch (Exception e) when (IsDriverError(e))
        {
            throw Failed(measured, e);
        }
    }

    /// <summary>Returns true if the driver throws this exception when a call fails in the server or in the connection.</summary>
    internal static bool IsDriverError(Exception exception) =>
        exception is RedisException or RedisCommandException or TimeoutException or ObjectDisposedException;

    /// <summary>Limits the duration of a call. The timeout of the driver ended calls up to a second too late in measurements.</summary>
    internal static Task<T> InTime<T>(Task<T> call, TimeSpan timeLimit, CancellationToken cancellationToken) =>
        call.WaitAsync(timeLimit > TimeSpan.Zero ? timeLimit : TimeSpan.Zero, cancellationToken);

    /// <summary>Starts to measure a call.</summary>
    internal MeasuredCall Begin(string what) => new(Name, what, Metrics, PorthorTraces.BeginCall(Name, what));

    /// <summary>Handles a failed call, and returns the exception to throw. A server that rejects writes is not the primary.</summary>
    internal StoreUnavailableException Failed(MeasuredCall call, Exception cause)
    {
        if (cause is RedisServerException refused
            && (refused.Kind == RedisErrorKind.ReadOnly || refused.Message.Contains("READONLY", StringComparison.Ordinal)))
            LosePrimary("the server refuses writes (READONLY)");
        return call.Failed(cause);
    }

    /// <summary>
    /// Returns true if the server does not support or does not permit <c>GETEX</c>, so that records are read with <c>GET</c>. Only the
    /// lease then ensures that the server is the primary.
    /// </summary>
    internal bool ReadsWithGet => readsWithGet;

    /// <summary>
    /// Returns true if a rejected read may be repeated with <c>GET</c>: if the server does not support or does not permit <c>GETEX</c>, or
    /// if its disk is full. A full disk prevents only write commands, and Redis treats <c>GETEX</c> as one.
    /// </summary>
    internal bool MayReadWithGet(RedisServerException refusal)
    {
        readsWithGet |= refusal.Kind is RedisErrorKind.NoPermission or RedisErrorKind.UnknownCommand
            || refusal.Message.Contains("unknown command", StringComparison.OrdinalIgnoreCase);
        return readsWithGet || refusal.Kind == RedisErrorKind.Misconfigured;
    }

    /// <summary>
    /// Queries whether the server is the primary. Returns null if it is the primary, and otherwise the reason why it must not be used.
    /// </summary>
    internal Task<string?> ConfirmAsync() => confirmation.GetAsync();

    /// <summary>Returns a text that identifies this server and its data; null if the server does not report it.</summary>
    internal async Task<string?> IdentityAsync(CancellationToken cancellationToken)
    {
        try
        {
            var info = (string?)await CallAsync(
                "reading its identity", db => db.ExecuteAsync(ServerCommands.Info, "default"), CallTimeout, cancellationToken) ?? "";
            return ServerState.Field(info, "run_id") is { } run && ServerState.Field(info, "master_replid") is { } data
                ? $"{run} {data}"
                : null;
        }
        catch (StoreUnavailableException e)
            when (e.InnerException is RedisServerException { Kind: RedisErrorKind.NoPermission or RedisErrorKind.UnknownCommand })
        {
            return null;
        }
    }

    /// <summary>
    /// Waits until the role is confirmed. Returns null if the server is the primary and the connection was not replaced since the call;
    /// otherwise returns the reason why the response must not be used.
    /// </summary>
    internal async Task<string?> ConfirmSinceAsync(int since, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        while (since == Connections && !lease.IsValid)
        {
            if (await InTime(ConfirmAsync(), timeLimit - Stopwatch.GetElapsedTime(begun), cancellationToken) is { } reason)
                return reason;
        }
        return since == Connections ? null : "the connection was replaced";
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await heartbeat.DisposeAsync();
        await connection.DisposeAsync();
        if (sentinel is not null)
            await sentinel.DisposeAsync();
    }

    private static TimeSpan LeaseOf(TimeSpan callTimeout)
    {
        var length = Heartbeat.Beats * Heartbeat.PauseOf(callTimeout);
        return length < LongestLease ? length : LongestLease;
    }

    private async Task<T> CallPrimaryAsync<T>(Func<IDatabase, Task<T>> call, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        var (begun, since) = (Stopwatch.GetTimestamp(), Connections);
        // Both commands are sent together.
        if (!lease.IsValid)
            _ = ConfirmAsync();
        var answer = await InTime(call(database), timeLimit, cancellationToken);
        if (lease.IsValid && since == Connections)
            return answer;
        return await ConfirmSinceAsync(since, timeLimit - Stopwatch.GetElapsedTime(begun), cancellationToken) is { } reason
            ? throw new NotPrimaryException(reason)
            : answer;
    }

    /// <summary>Queries the role. Does not throw, because several callers may wait for the result, or none.</summary>
    private async Task<string?> ConfirmNowAsync()
    {
        try
        {
            var (begun, since) = (lease.Begin(), Connections);
            var sentinelCheck = sentinel?.FindDifferenceAsync() ?? Task.FromResult<string?>(null);
            if (latest is null && Options.Database != 0)
                await database.ExecuteAsync(ServerCommands.Select, Options.Database);
            var state = await query.ReadAsync(database);
            if (since != Connections)
                return "the connection was replaced";
            if (!state.IsPrimary)
                return LosePrimary($"the server is not a primary, its role is '{state.Role}'");
            if (await sentinelCheck is { } difference)
                return LosePrimary(difference);
            // The connection is the same, but the data is different: a proxy may have selected another server, or the server may have
            // copied the data of another one.
            if (latest is { DataId: { } former } && state.DataId != former)
                onDataUncertain?.Invoke();
            latest = state;
            roleProblem = null;
            lease.Extend(begun);
            return null;
        }
        catch (Exception e)
        {
            return FailureReason.Describe("the server does not respond to the query of its role", e);
        }
    }

    /// <summary>Stops using the server, because it may not be the primary, and makes the driver connect again.</summary>
    private string LosePrimary(string reason)
    {
        lease.End();
        onDataUncertain?.Invoke();
        if (Interlocked.Exchange(ref roleProblem, reason) != reason)
            Log.NotPrimary(logger, Name, reason);
        CloseConnection();
        return reason;
    }

    /// <summary>
    /// Ends the lease, and requires a replay for the new connection. The driver calls this method before it sends data on a new socket, so
    /// that no response is used before the replay.
    /// </summary>
    private void Begin(Socket begun)
    {
        socket = begun;
        Interlocked.Increment(ref connections);
        lease.End();
        query.Reset();
        readsWithGet = false;
        latest = null;
        onDataUncertain?.Invoke();
    }

    private void CloseUnresponsiveConnection()
    {
        Log.ConnectionNotResponding(logger, Name);
        lease.End();
        CloseConnection();
    }

    /// <summary>
    /// Closes the connection, so that the driver opens a new one immediately. Otherwise the driver would wait for four call timeouts
    /// without data.
    /// </summary>
    private void CloseConnection()
    {
        try
        {
            socket?.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The socket was closed by another thread.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Connection to {Server} lost")]
        public static partial void ConnectionLost(ILogger logger, string server, string error, Exception? exception);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Server} is not responding; closing the connection")]
        public static partial void ConnectionNotResponding(ILogger logger, string server);

        [LoggerMessage(Level = LogLevel.Information, Message = "Connection to {Server} restored")]
        public static partial void ConnectionRestored(ILogger logger, string server);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Server} cannot be used: {Reason}. Connecting again")]
        public static partial void NotPrimary(ILogger logger, string server, string reason);
    }
}
