using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Porthor.Values;

namespace Porthor.Server.Logging;

/// <summary>Formats lines for a terminal: time, severity, message, and the most useful fields.</summary>
internal sealed class ReadableFormatter(TimeZoneInfo zone) : ILineFormatter
{
    public void Write(LogLine line, IBufferWriter<byte> output)
    {
        var text = new StringBuilder();
        text.Append(TimeZoneInfo.ConvertTime(line.Time, zone).ToString("HH:mm:ss", CultureInfo.InvariantCulture));
        text.Append(CultureInfo.InvariantCulture, $" {LogFields.Severity(line.Level),-8} {HeaderText.Clean(Redaction.Text(line.Message))}");
        foreach (var field in line.Fields)
        {
            if (LogFields.NameOf(field) is { } name)
                text.Append(CultureInfo.InvariantCulture, $"  {name}={HeaderText.Clean(Text(field.Value))}");
        }
        if (line.Request is { User: { } user, Token: { } token })
            text.Append(CultureInfo.InvariantCulture, $"  user={HeaderText.Clean(user)}  token={HeaderText.Clean(token)}");
        if (line.Exception is { } exception)
            text.AppendLine().AppendJoin('\n', Redaction.Text(exception.ToString()).Split('\n').Select(HeaderText.Clean));
        text.AppendLine();
        Encoding.UTF8.GetBytes(text.ToString(), output);
    }

    private static string Text(object? value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
            LogFields.Write(writer, value);
        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.ToString();
    }
}
