using System.Net.Sockets;

namespace Porthor.Testing;

public sealed partial class FaultInjectingProxy
{
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
