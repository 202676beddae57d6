using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Porthor.Server.Logging;

namespace Porthor.Testing;

/// <summary>Collects the log as the server writes it: one JSON object on each line.</summary>
public sealed class JsonLogs : ILoggerProvider
{
    private readonly ConcurrentQueue<string> lines = new();
    private readonly JsonLineFormatter formatter = new();

    /// <summary>The unparsed lines, for searches for secrets.</summary>
    public IReadOnlyList<string> Raw => [.. lines];

    /// <summary>The parsed lines of Porthor's own log categories.</summary>
    public IReadOnlyList<JsonElement> Lines =>
        [.. lines.Select(line => JsonDocument.Parse(line).RootElement).Where(
            line => line.GetProperty("logger").GetString() == "gafaelfawr")];

    public JsonElement Single(string text) => Lines.Single(line => line.GetProperty("event").GetString() == text);

    public void Clear() => lines.Clear();

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Logger(JsonLogs logs, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var output = new ArrayBufferWriter<byte>();
            logs.formatter.Write(Server.Logging.LogLine.Of(DateTimeOffset.UtcNow, logLevel, category, state, exception, formatter), output);
            logs.lines.Enqueue(Encoding.UTF8.GetString(output.WrittenSpan).TrimEnd());
        }
    }
}
