using System.Buffers;
using System.Text.Json;

namespace Porthor.Server.Logging;

/// <summary>
/// One JSON object a line, with the reference's fields (contract/configuration.md 4) and the time, which it leaves to its
/// collector.
/// </summary>
internal sealed class JsonLineFormatter : ILineFormatter
{
    /// <summary>The reference's name for its own lines, which dashboards select by.</summary>
    private const string OwnLogger = "gafaelfawr";

    [ThreadStatic]
    private static Utf8JsonWriter? known;

    public void Write(LogLine line, IBufferWriter<byte> output)
    {
        var writer = known ??= new Utf8JsonWriter(output);
        writer.Reset(output);
        writer.WriteStartObject();
        writer.WritePropertyName("timestamp");
        LogFields.WriteTime(writer, line.Time);
        writer.WriteString("event", line.Message);
        writer.WriteString("severity", LogFields.Severity(line.Level));
        writer.WriteString("logger", line.IsOurs ? OwnLogger : line.Category);
        line.Request?.WriteTo(writer);
        var fields = line.Fields;
        for (var i = 0; i < fields.Count; i++)
        {
            if (LogFields.NameOf(fields[i]) is { } name)
                LogFields.Write(writer, name, fields[i].Value);
        }
        if (line.Exception is { } exception)
            writer.WriteString("exception", exception.ToString());
        writer.WriteEndObject();
        writer.Flush();
        output.Write("\n"u8);
    }
}
