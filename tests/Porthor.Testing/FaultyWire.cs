using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace Porthor.Testing;

/// <summary>
/// A wire to a server on this machine that can be made to fail: slow, silent, dripping, cut, half open, or refusing. Tests put it
/// between us and a store.
/// </summary>
public sealed class FaultyWire : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentDictionary<Connection, Task> connections = new();
    private readonly ConcurrentQueue<string> asked = new();
    private readonly Lock gate = new();
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

    /// <summary>The port of the server. Connections that there are stay with the one that they were made to.</summary>
    public int Target { get; set; }

    /// <summary>How long each piece of data is held up.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>True if data pass a byte at a time, each held up by the delay.</summary>
    public bool Drips { get; set; }

    /// <summary>How many connections there are.</summary>
    public int Connections => connections.Count;

    /// <summary>How many there are that lost their other end, and whose near end has not noticed.</summary>
    public int DeadConnections => connections.Keys.Count(connection => connection is { IsDead: true, IsLeft: false });

    /// <summary>True if new connections are refused, as where nobody listens.</summary>
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

    /// <summary>What was sent to the server, whether it passed or is held up.</summary>
    public string Asked => string.Concat(asked);

    public void ForgetAsked() => asked.Clear();

    /// <summary>From now on nothing passes, though connections stay.</summary>
    public void Stall() => open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was held up passes, and what follows.</summary>
    public void Flow() => open.TrySetResult();

    /// <summary>Nothing is wrong any more; what was held up passes. Connections that are dead stay so.</summary>
    public void Heal()
    {
        (Delay, Drips, Refuses) = (TimeSpan.Zero, false, false);
        Flow();
        Interlocked.Exchange(ref healed!, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    /// <summary>Resets the connections there are.</summary>
    public void Cut()
    {
        foreach (var connection in connections.Keys)
            connection.Reset();
    }

    /// <summary>
    /// The connections there are lose their other end, and nobody tells: what is sent is swallowed and nothing comes. New ones are sound.
    /// </summary>
    public void HalfOpen()
    {
        foreach (var connection in connections.Keys)
            connection.IsDead = true;
    }

    /// <summary>
    /// Does something when a piece of data comes by for the so-manieth time, counted from now: before it has passed, and then it never
    /// does; or right after.
    /// </summary>
    public Task InterruptAt(Func<Piece, bool> matches, int occurrence, bool before, Func<Task> what)
    {
        return Plan(new Interruption(matches, before ? Moment.InsteadOf : Moment.After, what) { Left = occurrence });
    }

    /// <summary>Holds up the next piece of data of a kind until something has happened; all else passes meanwhile.</summary>
    /// <returns>Done when it is held up.</returns>
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

    /// <summary>As if nothing had been planned; false if nothing was, or it has begun.</summary>
    public bool DoNotInterrupt()
    {
        lock (gate)
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

    /// <summary>On the same port each time.</summary>
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
                // Registered before it can end.
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
                    PassAsync(connection, connection.Near, connection.Far, toServer: true), PassAsync(connection, connection.Far, connection.Near, toServer: false));
            }
        }
        catch (Exception e) when (IsCut(e))
        {
            // Cut, or its server is gone.
        }
        connections.TryRemove(connection, out _);
    }

    /// <summary>Takes in whatever comes, also while nothing passes.</summary>
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
                    asked.Enqueue(Encoding.Latin1.GetString(buffer, 0, count));
                pieces.Writer.TryWrite(buffer[..count]);
            }
            pieces.Writer.Complete();
            await sending;
            connection.IsLeft |= toServer;
            // Of a dead connection not even the end is told.
            if (connection.IsDead)
                await Task.Delay(Timeout.Infinite, stopping.Token);
        }
        catch (Exception e) when (IsCut(e))
        {
            // Cut.
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
            // Cut.
        }
    }

    private async Task WriteAsync(NetworkStream to, ReadOnlyMemory<byte> data)
    {
        for (var sent = 0; sent < data.Length;)
        {
            if (Delay > TimeSpan.Zero)
                await Task.WhenAny(Task.Delay(Delay, stopping.Token), healed.Task);
            // What drips may be dried up in the middle, or flow again.
            await open.Task.WaitAsync(stopping.Token);
            var next = Drips ? 1 : data.Length - sent;
            await to.WriteAsync(data.Slice(sent, next), stopping.Token);
            sent += next;
        }
    }

    private Task Plan(Interruption planned)
    {
        lock (gate)
            interruption = planned;
        return planned.Done.Task;
    }

    private Interruption? TakeInterruption(Piece piece)
    {
        lock (gate)
        {
            if (interruption is not { } planned || !planned.Matches(piece) || --planned.Left > 0)
                return null;
            interruption = null;
            return planned;
        }
    }

    private static bool IsCut(Exception exception) =>
        exception is OperationCanceledException or IOException or SocketException or ObjectDisposedException or InvalidOperationException;

    /// <summary>When something is done about a piece of data.</summary>
    private enum Moment
    {
        /// <summary>It never passes, and its connection is reset.</summary>
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

    /// <summary>Data on its way, as they were read.</summary>
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

        /// <summary>True if the near end was closed.</summary>
        public bool IsLeft
        {
            get => left;
            set => left = value;
        }

        /// <summary>Without a wait the other side sees a reset. Closing what is closed does nothing.</summary>
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
