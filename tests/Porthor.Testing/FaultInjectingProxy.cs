using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Porthor.Testing;

/// <summary>
/// A TCP proxy to a server on this machine that injects network failures: it delays or stalls data, sends single bytes, and resets, refuses
/// or makes connections half-open. Tests place it between Porthor and a store.
/// </summary>
public sealed partial class FaultInjectingProxy : IAsyncDisposable
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
            catch (Exception e) when (e is OperationCanceledException or SocketException
                or InvalidOperationException) // the listener was stopped between two calls
            {
                return;
            }
        }
    }

    private Task SetInterruption(Interruption newInterruption)
    {
        lock (sync)
            interruption = newInterruption;
        return newInterruption.Done.Task;
    }
}
