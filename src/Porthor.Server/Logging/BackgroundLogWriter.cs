using System.Buffers;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Porthor.Telemetry;

namespace Porthor.Server.Logging;

/// <summary>
/// Writes log lines to a stream in the background, so that requests do not wait for formatting or for the reader of the stream. If too many
/// lines are waiting, new lines are dropped, and the log reports their number.
/// </summary>
[ProviderAlias("Line")]
internal sealed class BackgroundLogWriter : ILoggerProvider
{
    private const int Capacity = 20_000;
    private const int WriteFrom = 64 * 1024;

    /// <summary>
    /// The time that a line waits, so that several lines are written together. Under load, starting the writer for each line would cost
    /// more than the writing itself.
    /// </summary>
    private static readonly TimeSpan BatchDelay = TimeSpan.FromMilliseconds(5);

    /// <summary>The interval at which omitted lines are reported.</summary>
    private static readonly TimeSpan ReportPause = TimeSpan.FromMilliseconds(250);

    /// <summary>The time that a shutdown waits for the remaining lines. A blocked reader must not delay the shutdown further.</summary>
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(2);

    private readonly Channel<LogLine> waiting =
        Channel.CreateBounded<LogLine>(new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly ILineFormatter formatter;
    private readonly Stream output;
    private readonly TimeProvider clock;
    private readonly DecisionLogFilter decisions;
    private readonly AnonymousLogLimit anonymous;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task work;
    private readonly Meter meter = new(PorthorMetrics.MeterName);
    private long dropped;
    private long reported;

    /// <param name="anonymousPerSecond">The limit for <see cref="AnonymousLogLimit"/>; zero for none.</param>
    public BackgroundLogWriter(
        ILineFormatter formatter, Stream output, TimeProvider clock, DecisionLogOptions? decisions =
            null, int anonymousPerSecond = AnonymousLogLimit.DefaultPerSecond)
    {
        (this.formatter, this.output, this.clock) = (formatter, output, clock);
        anonymous = new AnonymousLogLimit(anonymousPerSecond, clock);
        this.decisions = new DecisionLogFilter(decisions ?? new DecisionLogOptions(), clock);
        meter.CreateObservableCounter(
            "porthor.log.lines.dropped", () => Interlocked.Read(ref dropped), "{line}", "Log lines that were dropped, because the reader "
                + "of the log is too slow.");
        meter.CreateObservableCounter(
            "porthor.log.lines.left_out", () => this.decisions.LeftOut, "{line}", "Log lines about forward authentication that were "
                + "omitted, because decisionLog limits their number.");
        meter.CreateObservableCounter(
            "porthor.log.lines.anonymous_left_out", () => anonymous.LeftOut, "{line}", "Log lines about requests without a valid token "
                + "that were omitted, because anonymousLogLines limits their number.");
        work = Task.Run(WriteAsync);
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    /// <summary>Waits until the logged lines are written, at most <see cref="FlushTimeout"/>; the lines that remain are lost.</summary>
    public void Dispose()
    {
        waiting.Writer.TryComplete();
        stopping.Cancel();
        var isWritten = work.Wait(FlushTimeout);
        meter.Dispose();
        // A blocked write still uses the objects.
        if (!isWritten)
            return;
        stopping.Dispose();
        output.Dispose();
    }

    private async Task WriteAsync()
    {
        var buffer = new ArrayBufferWriter<byte>(WriteFrom);
        while (await WaitForLinesAsync(buffer))
        {
            await Task.Delay(BatchDelay, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (waiting.Reader.TryRead(out var line))
            {
                Format(line, buffer);
                if (buffer.WrittenCount >= WriteFrom)
                    await FlushAsync(buffer);
            }
            ReportOmitted(buffer);
            await FlushAsync(buffer);
        }
        ReportAnonymous(buffer, now: true);
        await FlushAsync(buffer);
    }

    /// <summary>Waits for lines. Returns false if the log is closed. Reports omitted lines while it waits.</summary>
    private async Task<bool> WaitForLinesAsync(ArrayBufferWriter<byte> buffer)
    {
        var lines = waiting.Reader.WaitToReadAsync().AsTask();
        while (anonymous.HasUnreported && !lines.IsCompleted && !stopping.IsCancellationRequested)
        {
            await Task.WhenAny(lines, Task.Delay(ReportPause, stopping.Token));
            ReportAnonymous(buffer, now: false);
            await FlushAsync(buffer);
        }
        return await lines;
    }

    private void ReportAnonymous(ArrayBufferWriter<byte> buffer, bool now)
    {
        if (anonymous.TakeUnreported(now) is > 0 and var leftOut)
            Format(ReportLine(LogLevel.Warning, leftOut, "lines about requests without a valid token were omitted"), buffer);
    }

    /// <summary>Writes lines that report dropped and omitted lines.</summary>
    private void ReportOmitted(ArrayBufferWriter<byte> buffer)
    {
        var lost = Interlocked.Read(ref dropped);
        if (lost > reported)
            Format(ReportLine(LogLevel.Warning, lost - reported, "log lines were dropped"), buffer);
        reported = lost;
        if (decisions.TakeLeftOut() is > 0 and var leftOut)
            Format(ReportLine(LogLevel.Information, leftOut, "lines about decisions were omitted"), buffer);
        ReportAnonymous(buffer, now: false);
    }

    /// <summary>Formats a line. If that fails, writes a line about the error, because the log must continue.</summary>
    private void Format(LogLine line, ArrayBufferWriter<byte> buffer)
    {
        var before = buffer.WrittenCount;
        try
        {
            formatter.Write(line, buffer);
        }
        catch (Exception e)
        {
            if (buffer.WrittenCount > before)
                Encoding.UTF8.GetBytes("\n", buffer);
            Encoding.UTF8.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"Cannot format a log line of {line.Category}: {e.GetType().Name}\n"), buffer);
        }
    }

    private async Task FlushAsync(ArrayBufferWriter<byte> buffer)
    {
        try
        {
            await output.WriteAsync(buffer.WrittenMemory);
            await output.FlushAsync();
        }
        catch (Exception e) when (NonFailingStream.IsWriteFailure(e))
        {
            // The stream cannot be written to. The service continues without a log.
        }
        buffer.ResetWrittenCount();
    }

    private LogLine ReportLine(LogLevel level, long count, string what) => LogLine.Of(
        clock.GetUtcNow(), level, "Porthor.Log", (count, what), exception: null,
        static (news, _) => string.Create(CultureInfo.InvariantCulture, $"{news.count} {news.what}"));

    private sealed class Logger(BackgroundLogWriter owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!owner.decisions.Wants(eventId))
                return;
            var line = LogLine.Of(owner.clock.GetUtcNow(), logLevel, category, state, exception, formatter);
            if (!owner.decisions.Admits(line) || !owner.anonymous.Admits(line, eventId))
                return;
            if (!owner.waiting.Writer.TryWrite(line))
                Interlocked.Increment(ref owner.dropped);
        }
    }
}
