using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace Porthor.Testing;

/// <summary>
/// A TCP proxy to a server on this machine that injects network failures: it delays or stalls data, sends single bytes, and resets, refuses
/// or makes connections half-open. Tests place it between Porthor and a store.
/// </summary>
public sealed class FaultInjectingProxy : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentDictionary<Connection, Task> connections = new();
    private readonly ConcurrentQueue<string> sent = new();
    private readonly Lock sync = new();
    private TcpListener? listener;
    private Task accepting = Task.CompletedTask;
    private volatile TaskCompletionSource flowing = Completed();
    private volatile TaskCompletionSource healed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Interruption? interruption;

    public FaultInjectingProxy(int target)
    {
        Target = target;
        Listen();
    }

    public int Port { get; private set; }

    /// <summary>The server's port. A change affects only new connections.</summary>
    public int Target { get; set; }

    /// <summary>The delay of each chunk of data.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>True to forward one byte at a time, each with <see cref="Delay"/>.</summary>
    public bool SendsSingleBytes { get; set; }

    /// <summary>The number of connections.</summary>
    public int Connections => connections.Count;

    /// <summary>The number of connections that were made half-open and that the client has not closed.</summary>
    public int HalfOpenConnections => connections.Keys.Count(connection => connection is { IsHalfOpen: true, IsClosedByClient: false });

    /// <summary>True to refuse new connections, as if no server listened.</summary>
    public bool RefusesConnections
    {
        get => listener is null;
        set
        {
            if (value)
                StopListening();
            else if (listener is null)
                Listen();
        }
    }

    /// <summary>All data that clients sent, whether forwarded or held back.</summary>
    public string SentData => string.Concat(sent);

    public void ClearSentData() => sent.Clear();

    /// <summary>Stops forwarding data. Connections stay open.</summary>
    public void Stall() => flowing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Forwards the data that was held back, and resumes forwarding.</summary>
    public void Resume() => flowing.TrySetResult();

    /// <summary>Removes all failures and forwards the data that was held back. Half-open connections stay half-open.</summary>
    public void RemoveFailures()
    {
        (Delay, SendsSingleBytes, RefusesConnections) = (TimeSpan.Zero, false, false);
        Resume();
        Interlocked.Exchange(ref healed!, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    /// <summary>Resets all connections.</summary>
    public void ResetConnections()
    {
        foreach (var connection in connections.Keys)
            connection.Reset();
    }

    /// <summary>
    /// Makes the existing connections half-open: data in both directions is dropped without an error. New connections work.
    /// </summary>
    public void MakeHalfOpen()
    {
        foreach (var connection in connections.Keys)
            connection.IsHalfOpen = true;
    }

    /// <summary>
    /// Runs an action at the n-th matching chunk of data, counted from this call. The action runs either after the chunk was forwarded, or
    /// instead of forwarding it; then the chunk is dropped.
    /// </summary>
    public Task InterruptAt(Func<Chunk, bool> matches, int occurrence, bool before, Func<Task> action)
    {
        return SetInterruption(new Interruption(matches, before ? Timing.InsteadOf : Timing.After, action) { Remaining = occurrence });
    }

    /// <summary>Holds back the next chunk of data that matches until a task is completed. Other chunks are forwarded.</summary>
    /// <returns>A task that is completed when the chunk is held back.</returns>
    public Task HoldAt(Func<Chunk, bool> matches, Task until)
    {
        var heldBack = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = SetInterruption(new Interruption(matches, Timing.Before, async () =>
        {
            heldBack.SetResult();
            await until.WaitAsync(stopping.Token);
        })
        { Remaining = 1 });
        return heldBack.Task;
    }

    /// <summary>Cancels the planned interruption. Returns false if none was planned or if it has started.</summary>
    public bool CancelInterruption()
    {
        lock (sync)
            return Interlocked.Exchange(ref interruption, null) is not null;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        StopListening();
        Resume();
        ResetConnections();
        await accepting;
        await Task.WhenAll(connections.Values);
        stopping.Dispose();
    }

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    /// <summary>Starts to listen, always on the same port.</summary>
    private void Listen()
    {
        var newListener = new TcpListener(IPAddress.Loopback, Port);
        newListener.Start();
        Port = ((IPEndPoint)newListener.LocalEndpoint).Port;
        listener = newListener;
        accepting = AcceptAsync(newListener);
    }

    private void StopListening()
    {
        listener?.Dispose();
        listener = null;
    }

    private async Task AcceptAsync(TcpListener from)
    {
        while (true)
        {
            try
            {
                var connection = new Connection(await from.AcceptTcpClientAsync(stopping.Token));
                // Registers the connection before it can close.
                var registered = new TaskCompletionSource();
                connections[connection] = ServeAsync(connection, registered.Task);
                registered.SetResult();
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Connection connection, Task registered)
    {
        await registered;
        try
        {
            using (connection)
            {
                await connection.Server.ConnectAsync(IPAddress.Loopback, Target, stopping.Token);
                connection.Client.NoDelay = connection.Server.NoDelay = true;
                await Task.WhenAny(
                    ForwardAsync(connection, connection.Client, connection.Server, toServer: true),
                    ForwardAsync(connection, connection.Server, connection.Client, toServer: false));
            }
        }
        catch (Exception e) when (IsClosed(e))
        {
            // The connection was reset, or the server stopped.
        }
        connections.TryRemove(connection, out _);
    }

    /// <summary>Reads from one end continuously, also while no data is forwarded.</summary>
    private async Task ForwardAsync(Connection connection, TcpClient from, TcpClient to, bool toServer)
    {
        var chunks = Channel.CreateUnbounded<byte[]>();
        var sending = SendAsync(connection, chunks.Reader, to, toServer);
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, stopping.Token) is > 0 and var count)
            {
                if (toServer)
                    sent.Enqueue(Encoding.Latin1.GetString(buffer, 0, count));
                chunks.Writer.TryWrite(buffer[..count]);
            }
            chunks.Writer.Complete();
            await sending;
            connection.IsClosedByClient |= toServer;
            // A half-open connection does not forward the close either.
            if (connection.IsHalfOpen)
                await Task.Delay(Timeout.Infinite, stopping.Token);
        }
        catch (Exception e) when (IsClosed(e))
        {
            chunks.Writer.TryComplete();
        }
    }

    private async Task SendAsync(Connection connection, ChannelReader<byte[]> chunks, TcpClient to, bool toServer)
    {
        try
        {
            await foreach (var chunk in chunks.ReadAllAsync(stopping.Token))
            {
                await flowing.Task.WaitAsync(stopping.Token);
                if (connection.IsHalfOpen)
                    continue;
                var interrupted = TakeInterruption(new Chunk(chunk, toServer));
                if (interrupted is { Timing: not Timing.After })
                    await interrupted.RunAsync();
                if (interrupted is { Timing: Timing.InsteadOf })
                {
                    connection.Reset();
                    return;
                }
                await WriteAsync(to.GetStream(), chunk);
                if (interrupted is { Timing: Timing.After })
                    await interrupted.RunAsync();
            }
        }
        catch (Exception e) when (IsClosed(e))
        {
            // The connection was reset.
        }
    }

    private async Task WriteAsync(NetworkStream to, ReadOnlyMemory<byte> data)
    {
        for (var sent = 0; sent < data.Length;)
        {
            if (Delay > TimeSpan.Zero)
                await Task.WhenAny(Task.Delay(Delay, stopping.Token), healed.Task);
            // Forwarding can be stalled and resumed within one chunk.
            await flowing.Task.WaitAsync(stopping.Token);
            var next = SendsSingleBytes ? 1 : data.Length - sent;
            await to.WriteAsync(data.Slice(sent, next), stopping.Token);
            sent += next;
        }
    }

    private Task SetInterruption(Interruption newInterruption)
    {
        lock (sync)
            interruption = newInterruption;
        return newInterruption.Done.Task;
    }

    private Interruption? TakeInterruption(Chunk chunk)
    {
        lock (sync)
        {
            if (interruption is not { } current || !current.Matches(chunk) || --current.Remaining > 0)
                return null;
            interruption = null;
            return current;
        }
    }

    private static bool IsClosed(Exception exception) =>
        exception is OperationCanceledException or IOException or SocketException or ObjectDisposedException or InvalidOperationException;

    /// <summary>When an interruption runs.</summary>
    private enum Timing
    {
        /// <summary>Instead of the chunk: it is dropped and its connection is reset.</summary>
        InsteadOf,

        Before,
        After,
    }

    private sealed record Interruption(Func<Chunk, bool> Matches, Timing Timing, Func<Task> Action)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Remaining { get; set; }

        public async Task RunAsync()
        {
            await Action();
            Done.TrySetResult();
        }
    }

    /// <summary>A chunk of data as it was read.</summary>
    public readonly record struct Chunk(ReadOnlyMemory<byte> Data, bool ToServer)
    {
        public bool Contains(ReadOnlySpan<byte> text) => Data.Span.IndexOf(text) >= 0;
    }

    private sealed class Connection(TcpClient near) : IDisposable
    {
        private volatile bool halfOpen;
        private volatile bool closedByClient;

        public TcpClient Client => near;

        public TcpClient Server { get; } = new();

        public bool IsHalfOpen
        {
            get => halfOpen;
            set => halfOpen = value;
        }

        /// <summary>True if the client closed the connection.</summary>
        public bool IsClosedByClient
        {
            get => closedByClient;
            set => closedByClient = value;
        }

        /// <summary>Closes both ends without waiting, which sends a reset. Does nothing if they are closed.</summary>
        public void Reset()
        {
            near.Client?.Close(timeout: 0);
            Server.Client?.Close(timeout: 0);
        }

        public void Dispose()
        {
            near.Dispose();
            Server.Dispose();
        }
    }
}
