using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Porthor.History;
using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Usage;

/// <summary>
/// Buffers usage events in memory and writes them in batches, because forward authentication must not wait for the database. For each
/// token, service and address, only the first event of a minute is recorded. If the buffer is full, events are dropped and counted.
/// </summary>
/// <param name="history">Stores the events.</param>
/// <param name="observer">Counts the dropped events.</param>
/// <param name="clock">The clock.</param>
/// <param name="logger">The logger.</param>
/// <param name="capacity">The maximum number of events that wait to be written, and of different events in a minute.</param>
public sealed partial class TokenUsageBuffer(
    IUsageHistory history, IUsageObserver observer, TimeProvider clock, ILogger<TokenUsageBuffer> logger,
    int capacity = TokenUsageBuffer.DefaultCapacity)
    : IDisposable
{
    /// <summary>The default capacity.</summary>
    public const int DefaultCapacity = 50_000;

    private const int BatchSize = 500;

    private readonly Channel<TokenUsage> waiting = Channel.CreateBounded<TokenUsage>(
        new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest }, _ => observer.UsageDropped());

    private readonly SemaphoreSlim writing = new(1);

    // Only the caller that holds the semaphore may use this list.
    private readonly List<TokenUsage> batch = new(BatchSize);

    private Minute current = new(DateTimeOffset.MinValue);

    /// <summary>
    /// Records that a token was used. If the same event was recorded in this minute already, the method only looks it up.
    /// </summary>
    /// <param name="token">The record of the token.</param>
    /// <param name="service">The service of the ingress rule; null if the rule has none.</param>
    /// <param name="address">The address of the client; null if it is not known.</param>
    public void Record(TokenRecord token, string? service, IPAddress? address)
    {
        var now = clock.GetSecondsNow();
        var minute = MinuteOf(now);
        if (minute.Contains(token.Token.Key, service, address))
            return;
        if (!minute.TryAdd(token.Token.Key, service, address, capacity, out var full))
        {
            if (full)
                observer.UsageDropped();
            return;
        }
        waiting.Writer.TryWrite(new TokenUsage
        {
            Token = token.Token.Key,
            Username = token.Username,
            TokenType = token.TokenType,
            Scopes = token.Scopes,
            Service = service,
            IpAddress = address,
            EventTime = now,
        });
    }

    /// <summary>Writes the waiting events. If the write fails, the events remain in the buffer, and the next call writes them.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            do
            {
                while (batch.Count < BatchSize && waiting.Reader.TryRead(out var usage))
                    batch.Add(usage);
                if (batch.Count == 0)
                    return;
                await AddBatchAsync(cancellationToken);
                batch.Clear();
            }
            while (waiting.Reader.Count > 0);
        }
        catch (Exception e) when (e is StoreUnavailableException or TokenIndexConflictException)
        {
            Log.NotWritten(logger, batch.Count + waiting.Reader.Count, e.Message, e);
        }
        finally
        {
            writing.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => writing.Dispose();

    /// <summary>
    /// Writes the batch. If the database cannot represent a value in it, only the usage events with such a value are dropped.
    /// </summary>
    private async Task AddBatchAsync(CancellationToken cancellationToken)
    {
        try
        {
            await history.AddAsync(batch, cancellationToken);
        }
        catch (UnstorableValueException)
        {
            while (batch.Count > 0)
            {
                try
                {
                    await history.AddAsync([batch[0]], cancellationToken);
                }
                catch (UnstorableValueException e)
                {
                    observer.UsageDropped();
                    Log.NotStorable(logger, batch[0].Token, e.Reason);
                }
                batch.RemoveAt(0);
            }
        }
    }

    private Minute MinuteOf(DateTimeOffset now)
    {
        var known = Volatile.Read(ref current);
        var start = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute));
        if (known.Start == start)
            return known;
        // If several threads create the new minute at the same time, all of them use the first one.
        var begun = Interlocked.CompareExchange(ref current, new Minute(start), known);
        return ReferenceEquals(begun, known) ? Volatile.Read(ref current) : begun;
    }

    private sealed record Minute(DateTimeOffset Start)
    {
        private readonly ConcurrentDictionary<(TokenKey, string?, IPAddress?), byte> seen = new();
        private int count;

        public bool Contains(TokenKey token, string? service, IPAddress? address) => seen.ContainsKey((token, service, address));

        public bool TryAdd(TokenKey token, string? service, IPAddress? address, int capacity, out bool full)
        {
            full = Volatile.Read(ref count) >= capacity;
            if (full || !seen.TryAdd((token, service, address), 0))
                return false;
            Interlocked.Increment(ref count);
            return true;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot record a usage event: the database cannot store a value in it")]
        public static partial void NotStorable(ILogger logger, TokenKey tokenKey, string error);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot record token usage, retrying")]
        public static partial void NotWritten(ILogger logger, int events, string error, Exception exception);
    }
}
