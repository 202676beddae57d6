using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Porthor.Server.Logging;

/// <summary>For people at a terminal: time, severity, message, and the fields that tell something.</summary>
internal sealed class ReadableFormatter(TimeProvider clock) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "porthor-readable";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var line = new StringBuilder();
        line.Append(TimeZoneInfo.ConvertTime(clock.GetUtcNow(), clock.LocalTimeZone).ToString("HH:mm:ss", CultureInfo.InvariantCulture));
        line.Append(CultureInfo.InvariantCulture, $" {LogFields.Severity(logEntry.LogLevel),-8} ");
        line.Append(logEntry.Formatter(logEntry.State, logEntry.Exception));
        foreach (var (name, value) in LogFields.Of(logEntry))
            line.Append(CultureInfo.InvariantCulture, $"  {name}={Text(name, value)}");
        scopeProvider?.ForEachScope(
            static (scope, line) =>
            {
                foreach (var (name, value) in (scope as RequestLog)?.Fields ?? [])
                {
                    if (name is "user" or "token")
                        line.Append(CultureInfo.InvariantCulture, $"  {name}={value}");
                }
            },
            line);
        if (logEntry.Exception is { } exception)
            line.AppendLine().Append(exception);
        textWriter.WriteLine(line);
    }

    private static string Text(string name, object? value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            LogFields.Write(writer, name, value);
            writer.WriteEndObject();
        }
        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.GetProperty(name).ToString();
    }
}
