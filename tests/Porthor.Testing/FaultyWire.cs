using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace Porthor.Testing;

/// <summary>
/// A TCP proxy to a server on this machine that injects network failures: delays, stalls, one byte at a time, resets, half-open connections
/// and refused connections. Tests place it between Porthor and a store.
/// </summary>
public sealed class FaultyWire : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentDictionary<Connection, Task> connections = new();
    private readonly ConcurrentQueue<string> sent = new();
    private readonly Lock sync = new();
    private TcpListener? listener;
    private Task accepting = Task.CompletedTask;
    private volatile TaskCompletionSource open = Opened();
    private volatile TaskCompletionSource healed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Interruption? interruption;

    public FaultyWire(int target)
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
    public bool Drips { get; set; }

    /// <summary>The number of connections.</summary>
    public int Connections => connections.Count;

    /// <summary>The number of connections that were made half-open and that the client has not closed.</summary>
    public int HalfOpenConnections => connections.Keys.Count(connection => connection is { IsDead: true, IsLeft: false });

    /// <summary>True to refuse new connections, as if no server listened.</summary>
    public bool Refuses
    {
        get => listener is null;
        set
        {
            if (value)
                Unlisten();
            else if (listener is null)
                Listen();
        }
    }

    /// <summary>All data that clients sent, whether forwarded or held back.</summary>
    public string SentData => string.Concat(sent);

    public void ClearSentData() => sent.Clear();

    /// <summary>Stops forwarding data. Connections stay open.</summary>
    public void Stall() => open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Forwards the data that was held back, and resumes forwarding.</summary>
    public void Flow() => open.TrySetResult();

    /// <summary>Removes all failures and forwards the data that was held back. Half-open connections stay half-open.</summary>
    public void Heal()
    {
        (Delay, Drips, Refuses) = (TimeSpan.Zero, false, false);
        Flow();
        Interlocked.Exchange(ref healed!, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    /// <summary>Resets all connections.</summary>
    public void Cut()
    {
        foreach (var connection in connections.Keys)
            connection.Reset();
    }

    /// <summary>
    /// Makes the existing connections half-open: data in both directions is dropped without an error. New connections work.
    /// </summary>
    public void HalfOpen()
    {
        foreach (var connection in connections.Keys)
            connection.IsDead = true;
    }

    /// <summary>
    /// Runs an action at the n-th chunk of data that matches, counted from now: either in place of the chunk, which is then dropped, or
    /// after it was forwarded.
    /// </summary>
    public Task InterruptAt(Func<Piece, bool> matches, int occurrence, bool before, Func<Task> what)
    {
        return Plan(new Interruption(matches, before ? Moment.InsteadOf : Moment.After, what) { Left = occurrence });
    }

    /// <summary>Holds back the next chunk of data that matches until a task is completed. Other chunks are forwarded.</summary>
    /// <returns>A task that is completed when the chunk is held back.</returns>
    public Task HoldAt(Func<Piece, bool> matches, Task until)
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = Plan(new Interruption(matches, Moment.Before, async () =>
        {
            held.SetResult();
            await until.WaitAsync(stopping.Token);
        })
        { Left = 1 });
        return held.Task;
    }

    /// <summary>Cancels the planned interruption. Returns false if none was planned or if it has started.</summary>
    public bool DoNotInterrupt()
    {
        lock (sync)
            return Interlocked.Exchange(ref interruption, null) is not null;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        Unlisten();
        Flow();
        Cut();
        await accepting;
        await Task.WhenAll(connections.Values);
        stopping.Dispose();
    }

    private static TaskCompletionSource Opened()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    /// <summary>Listens on the same port each time.</summary>
    private void Listen()
    {
        var begun = new TcpListener(IPAddress.Loopback, Port);
        begun.Start();
        Port = ((IPEndPoint)begun.LocalEndpoint).Port;
        listener = begun;
        accepting = AcceptAsync(begun);
    }

    private void Unlisten()
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
                var begin = new TaskCompletionSource();
                connections[connection] = ServeAsync(connection, begin.Task);
                begin.SetResult();
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Connection connection, Task begin)
    {
        await begin;
        try
        {
            using (connection)
            {
                await connection.Far.ConnectAsync(IPAddress.Loopback, Target, stopping.Token);
                connection.Near.NoDelay = connection.Far.NoDelay = true;
                await Task.WhenAny(
                    PassAsync(connection, connection.Near, connection.Far, toServer: true),
                    PassAsync(connection, connection.Far, connection.Near, toServer: false));
            }
        }
        catch (Exception e) when (IsCut(e))
        {
            // The connection was reset, or the server stopped.
        }
        connections.TryRemove(connection, out _);
    }

    /// <summary>Reads from one end at all times, also while nothing is forwarded.</summary>
    private async Task PassAsync(Connection connection, TcpClient from, TcpClient to, bool toServer)
    {
        var pieces = Channel.CreateUnbounded<byte[]>();
        var sending = SendAsync(connection, pieces.Reader, to, toServer);
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, stopping.Token) is > 0 and var count)
            {
                if (toServer)
                    sent.Enqueue(Encoding.Latin1.GetString(buffer, 0, count));
                pieces.Writer.TryWrite(buffer[..count]);
            }
            pieces.Writer.Complete();
            await sending;
            connection.IsLeft |= toServer;
            // A half-open connection does not forward the close either.
            if (connection.IsDead)
                await Task.Delay(Timeout.Infinite, stopping.Token);
        }
        catch (Exception e) when (IsCut(e))
        {
            pieces.Writer.TryComplete();
        }
    }

    private async Task SendAsync(Connection connection, ChannelReader<byte[]> pieces, TcpClient to, bool toServer)
    {
        try
        {
            await foreach (var piece in pieces.ReadAllAsync(stopping.Token))
            {
                await open.Task.WaitAsync(stopping.Token);
                if (connection.IsDead)
                    continue;
                var due = TakeInterruption(new Piece(piece, toServer));
                if (due is { Moment: not Moment.After })
                    await due.RunAsync();
                if (due is { Moment: Moment.InsteadOf })
                {
                    connection.Reset();
                    return;
                }
                await WriteAsync(to.GetStream(), piece);
                if (due is { Moment: Moment.After })
                    await due.RunAsync();
            }
        }
        catch (Exception e) when (IsCut(e))
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
            // ForwardExtensions can be stopped and resumed within one chunk.
            await open.Task.WaitAsync(stopping.Token);
            var next = Drips ? 1 : data.Length - sent;
            await to.WriteAsync(data.Slice(sent, next), stopping.Token);
            sent += next;
        }
    }

    private Task Plan(Interruption planned)
    {
        lock (sync)
            interruption = planned;
        return planned.Done.Task;
    }

    private Interruption? TakeInterruption(Piece piece)
    {
        lock (sync)
        {
            if (interruption is not { } planned || !planned.Matches(piece) || --planned.Left > 0)
                return null;
            interruption = null;
            return planned;
        }
    }

    private static bool IsCut(Exception exception) =>
        exception is OperationCanceledException or IOException or SocketException or ObjectDisposedException or InvalidOperationException;

    /// <summary>When an interruption runs.</summary>
    private enum Moment
    {
        /// <summary>Instead of the chunk: it is dropped and its connection is reset.</summary>
        InsteadOf,

        Before,
        After,
    }

    private sealed record Interruption(Func<Piece, bool> Matches, Moment Moment, Func<Task> What)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Left { get; set; }

        public async Task RunAsync()
        {
            await What();
            Done.TrySetResult();
        }
    }

    /// <summary>A chunk of data as it was read.</summary>
    public readonly record struct Piece(ReadOnlyMemory<byte> Data, bool ToServer)
    {
        public bool Contains(ReadOnlySpan<byte> text) => Data.Span.IndexOf(text) >= 0;
    }

    private sealed class Connection(TcpClient near) : IDisposable
    {
        private volatile bool dead;
        private volatile bool left;

        public TcpClient Near => near;

        public TcpClient Far { get; } = new();

        public bool IsDead
        {
            get => dead;
            set => dead = value;
        }

        /// <summary>True if the client closed the connection.</summary>
        public bool IsLeft
        {
            get => left;
            set => left = value;
        }

        /// <summary>Closes both ends without waiting, which sends a reset. Does nothing if they are closed.</summary>
        public void Reset()
        {
            near.Client?.Close(timeout: 0);
            Far.Client?.Close(timeout: 0);
        }

        public void Dispose()
        {
            near.Dispose();
            Far.Dispose();
        }
    }
}
