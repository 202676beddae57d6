using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Porthor.Testing;

/// <summary>A captured log event.</summary>
public sealed record LogLine(
    LogLevel Level, string Category, string Message, IReadOnlyDictionary<string, object?> Fields, Exception? Exception);

/// <summary>Collects log events in memory, for assertions.</summary>
public sealed class CapturedLogs : ILoggerFactory, ILoggerProvider
{
    private readonly ConcurrentQueue<LogLine> lines = new();

    public IReadOnlyList<LogLine> Lines => [.. lines];

    public LogLine Single(string message) => Lines.Single(line => line.Message == message);

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Clear() => lines.Clear();

    public void Dispose()
    {
    }

    private sealed class Logger(CapturedLogs logs, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var fields = state is IEnumerable<KeyValuePair<string, object?>> pairs
                ? pairs.ToDictionary(pair => pair.Key, pair => pair.Value) : [];
            logs.lines.Enqueue(new LogLine(logLevel, category, formatter(state, exception), fields, exception));
        }
    }
}
