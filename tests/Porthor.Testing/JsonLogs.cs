using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Porthor.Server.Logging;

namespace Porthor.Testing;

/// <summary>The log as the server writes it, a JSON object a line, for tests to look at.</summary>
public sealed class JsonLogs : ILoggerProvider
{
    private readonly ConcurrentQueue<string> lines = new();
    private readonly JsonLineFormatter formatter = new();

    /// <summary>The lines as they are, for searching all of them for what must not be there.</summary>
    public IReadOnlyList<string> Raw => [.. lines];

    /// <summary>Our own lines, parsed.</summary>
    public IReadOnlyList<JsonElement> Lines =>
        [.. lines.Select(line => JsonDocument.Parse(line).RootElement).Where(line => line.GetProperty("logger").GetString() == "gafaelfawr")];

    public JsonElement One(string text) => Lines.Single(line => line.GetProperty("event").GetString() == text);

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

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var output = new ArrayBufferWriter<byte>();
            logs.formatter.Write(Server.Logging.LogLine.Of(DateTimeOffset.UtcNow, logLevel, category, state, exception, formatter), output);
            logs.lines.Enqueue(Encoding.UTF8.GetString(output.WrittenSpan).TrimEnd());
        }
    }
}
