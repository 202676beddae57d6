using System.Diagnostics;

namespace Porthor.Server.Logging;

/// <summary>Represents a captured log line. It is formatted later, on another thread.</summary>
/// <param name="Request">The fields of the request at that time; null outside of requests.</param>
internal abstract record LogLine(DateTimeOffset Time, LogLevel Level, string Category, Exception? Exception, RequestLog? Request)
{
    public abstract string Message { get; }

    /// <summary>Gets the fields of the message in their order, with the parameter names of the log method.</summary>
    public abstract IReadOnlyList<KeyValuePair<string, object?>> Fields { get; }

    /// <summary>Gets whether the line comes from Porthor, not from the framework.</summary>
    public bool IsOurs => Category.StartsWith("Porthor", StringComparison.Ordinal);

    public static LogLine Of<TState>(
        DateTimeOffset time, LogLevel level, string category, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) =>
        new Line<TState>(time, level, category, state, exception, formatter, RequestLog.Current?.Capture());

    [DebuggerDisplay("{Message}")]
    private sealed record Line<TState>(
        DateTimeOffset Time, LogLevel Level, string Category, TState State, Exception? Exception,
        Func<TState, Exception?, string> Formatter, RequestLog? Request)
        : LogLine(Time, Level, Category, Exception, Request)
    {
        public override string Message => Formatter(State, Exception);

        public override IReadOnlyList<KeyValuePair<string, object?>> Fields => State as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
    }
}

/// <summary>Formats log lines.</summary>
internal interface ILineFormatter
{
    /// <summary>Writes a line with its line break.</summary>
    void Write(LogLine line, System.Buffers.IBufferWriter<byte> output);
}
