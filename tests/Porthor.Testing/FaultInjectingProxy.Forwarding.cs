using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace Porthor.Testing;

public sealed partial class FaultInjectingProxy
{
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
}
