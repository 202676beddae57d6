using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Porthor.Server.Logging;

/// <summary>
/// One JSON object a line, with the reference's fields (contract/configuration.md 4) and the time, which it leaves to its
/// collector.
/// </summary>
internal sealed class JsonLineFormatter(TimeProvider clock) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "porthor-json";

    /// <summary>The reference's name for its own lines, which dashboards select by.</summary>
    private const string OwnLogger = "gafaelfawr";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("timestamp", clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            writer.WriteString("event", logEntry.Formatter(logEntry.State, logEntry.Exception));
            writer.WriteString("severity", LogFields.Severity(logEntry.LogLevel));
            writer.WriteString("logger", logEntry.Category.StartsWith("Porthor", StringComparison.Ordinal) ? OwnLogger : logEntry.Category);
            scopeProvider?.ForEachScope(
                static (scope, writer) =>
                {
                    if (scope is not RequestLog request)
                        return;
                    foreach (var (name, value) in request.Fields)
                        LogFields.Write(writer, name, value);
                },
                writer);
            foreach (var (name, value) in LogFields.Of(logEntry))
                LogFields.Write(writer, name, value);
            if (logEntry.Exception is { } exception)
                writer.WriteString("exception", exception.ToString());
            writer.WriteEndObject();
        }
        textWriter.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }
}
