using System.Buffers;
using System.Text.Json;

namespace Porthor.Server.Logging;

/// <summary>
/// Writes each line as a JSON object with the fields of the reference (contract/configuration.md 4) and the time, which the reference
/// omits.
/// </summary>
internal sealed class JsonLineFormatter : ILineFormatter
{
    /// <summary>The logger name of the reference, which dashboards filter by.</summary>
    private const string OwnLogger = "gafaelfawr";

    private const string UserField = "user";

    [ThreadStatic]
    private static Utf8JsonWriter? threadWriter;

    public void Write(LogLine line, IBufferWriter<byte> output)
    {
        var writer = threadWriter ??= new Utf8JsonWriter(output);
        writer.Reset(output);
        writer.WriteStartObject();
        writer.WritePropertyName("timestamp");
        LogFields.WriteTime(writer, line.Time);
        writer.WriteString("event", Redaction.Text(line.Message));
        writer.WriteString("severity", LogFields.Severity(line.Level));
        writer.WriteString("logger", line.IsOurs ? OwnLogger : line.Category);
        var fields = line.Fields;
        line.Request?.WriteTo(writer, withUser: !NamesUser(fields));
        for (var i = 0; i < fields.Count; i++)
        {
            if (LogFields.NameOf(fields[i]) is { } name && (name != UserField || fields[i].Value is not null))
                LogFields.Write(writer, name, fields[i].Value);
        }
        if (line.Exception is { } exception)
            writer.WriteString("exception", Redaction.Text(exception.ToString()));
        writer.WriteEndObject();
        writer.Flush();
        output.Write("\n"u8);
    }

    /// <summary>Returns whether the message has a field for the user. This user can differ from the user of the request.</summary>
    private static bool NamesUser(IReadOnlyList<KeyValuePair<string, object?>> fields)
    {
        for (var i = 0; i < fields.Count; i++)
        {
            if (fields[i] is { Key: UserField, Value: not null })
                return true;
        }
        return false;
    }
}
