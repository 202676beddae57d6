using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace Porthor.Testing;

/// <summary>
/// A wire to a server on this machine that can be made to fail: slow, silent, cut, or refusing. Tests put it between us and a store.
/// </summary>
public sealed class FaultyWire : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentDictionary<Socket, bool> ends = new();
    private readonly ConcurrentQueue<string> asked = new();
    private readonly int target;
    private readonly Task work;
    private volatile TaskCompletionSource open = Opened();

    public FaultyWire(int target)
    {
        this.target = target;
        listener.Start();
        work = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>How long each piece of data is held up.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>True if new connections are closed at once.</summary>
    public bool Refuses { get; set; }

    /// <summary>What was sent to the server, whether it passed or is held up.</summary>
    public string Asked => string.Concat(asked);

    public void ForgetAsked() => asked.Clear();

    /// <summary>From now on nothing passes, though connections stay.</summary>
    public void Stall() => open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was held up passes, and what follows.</summary>
    public void Flow() => open.TrySetResult();

    /// <summary>Resets the connections there are.</summary>
    public void Cut()
    {
        // Without a wait the other side sees a reset. Closing what is closed does nothing.
        foreach (var end in ends.Keys)
            end.Close(timeout: 0);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        Flow();
        Cut();
        await work;
        stopping.Dispose();
    }

    private static TaskCompletionSource Opened()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var near = await listener.AcceptTcpClientAsync(stopping.Token);
                connections.Add(ConnectAsync(near));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                break;
            }
        }
        await Task.WhenAll(connections);
    }

    private async Task ConnectAsync(TcpClient near)
    {
        using var far = new TcpClient();
        Socket? nearEnd = null, farEnd = null;
        try
        {
            if (Refuses)
                return;
            await far.ConnectAsync(IPAddress.Loopback, target, stopping.Token);
            near.NoDelay = far.NoDelay = true;
            (nearEnd, farEnd) = (near.Client, far.Client);
            ends[nearEnd] = ends[farEnd] = true;
            await Task.WhenAny(PassAsync(near, far, asked), PassAsync(far, near, heard: null));
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // Cut, or its server is gone.
        }
        finally
        {
            if (nearEnd is not null)
                ends.TryRemove(nearEnd, out _);
            if (farEnd is not null)
                ends.TryRemove(farEnd, out _);
            near.Dispose();
        }
    }

    /// <summary>Takes in whatever comes, also while nothing passes.</summary>
    private async Task PassAsync(TcpClient from, TcpClient to, ConcurrentQueue<string>? heard)
    {
        var pieces = Channel.CreateUnbounded<byte[]>();
        var sending = SendAsync(pieces.Reader, to);
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, stopping.Token) is > 0 and var count)
            {
                heard?.Enqueue(Encoding.Latin1.GetString(buffer, 0, count));
                pieces.Writer.TryWrite(buffer[..count]);
            }
        }
        catch (Exception e) when (IsCut(e))
        {
        }
        pieces.Writer.Complete();
        await sending;
    }

    private async Task SendAsync(ChannelReader<byte[]> pieces, TcpClient to)
    {
        try
        {
            await foreach (var piece in pieces.ReadAllAsync(stopping.Token))
            {
                await open.Task.WaitAsync(stopping.Token);
                if (Delay > TimeSpan.Zero)
                    await Task.Delay(Delay, stopping.Token);
                await to.GetStream().WriteAsync(piece, stopping.Token);
            }
        }
        catch (Exception e) when (IsCut(e))
        {
        }
    }

    private static bool IsCut(Exception exception) =>
        exception is OperationCanceledException or IOException or SocketException or ObjectDisposedException or InvalidOperationException;
}
