using System.Diagnostics;

namespace Porthor.Server.Logging;

/// <summary>A line of log as it was called for, with nothing formatted yet: that is done elsewhere than where it was called for.</summary>
/// <param name="Request">The request's fields as they were then; null outside of requests.</param>
internal abstract record LogLine(DateTimeOffset Time, LogLevel Level, string Category, Exception? Exception, RequestLog? Request)
{
    public abstract string Message { get; }

    /// <summary>The fields of the message in its order, under the names that its method gives them.</summary>
    public abstract IReadOnlyList<KeyValuePair<string, object?>> Fields { get; }

    /// <summary>Our own lines have a name that dashboards select by.</summary>
    public bool IsOurs => Category.StartsWith("Porthor", StringComparison.Ordinal);

    public static LogLine Of<TState>(
        DateTimeOffset time, LogLevel level, string category, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) =>
        new Line<TState>(time, level, category, state, exception, formatter, RequestLog.Current?.Capture());

    [DebuggerDisplay("{Message}")]
    private sealed record Line<TState>(
        DateTimeOffset Time, LogLevel Level, string Category, TState State, Exception? Exception, Func<TState, Exception?, string> Formatter, RequestLog? Request)
        : LogLine(Time, Level, Category, Exception, Request)
    {
        public override string Message => Formatter(State, Exception);

        public override IReadOnlyList<KeyValuePair<string, object?>> Fields => State as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
    }
}

/// <summary>How a line is written.</summary>
internal interface ILineFormatter
{
    /// <summary>Writes a line with its end.</summary>
    void Write(LogLine line, System.Buffers.IBufferWriter<byte> output);
}
