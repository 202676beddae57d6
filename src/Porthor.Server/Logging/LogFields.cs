using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Porthor.Identity;
using Porthor.Quotas;

namespace Porthor.Server.Logging;

/// <summary>Writes the fields of a log line with the names of the contract (configuration.md 4).</summary>
internal static class LogFields
{
    private const string TemplateKey = "{OriginalFormat}";

    // The number of entries is limited by the number of parameters of log methods.
    private static readonly ConcurrentDictionary<string, string> Names = new();

    /// <summary>
    /// Returns the name of a field; null for the message template. Parameters of log methods are in camel case, and fields in snake case.
    /// </summary>
    public static string? NameOf(in KeyValuePair<string, object?> field) =>
        field.Key == TemplateKey ? null : Names.GetOrAdd(field.Key, SnakeCase);

    public static void WriteTime(Utf8JsonWriter writer, DateTimeOffset time)
    {
        Span<char> text = stackalloc char[24];
        time.UtcDateTime.TryFormat(text, out var length, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..length]);
    }

    public static string Severity(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "critical",
    };

    public static void Write(Utf8JsonWriter writer, string name, object? value)
    {
        writer.WritePropertyName(name);
        Write(writer, value);
    }

    public static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case string text:
                writer.WriteStringValue(Redaction.Shown(text));
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case int or long:
                writer.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case IReadOnlyList<string> list:
                writer.WriteStartArray();
                for (var i = 0; i < list.Count; i++)
                    writer.WriteStringValue(Redaction.Shown(list[i]));
                writer.WriteEndArray();
                break;
            case JsonElement json:
                WriteJson(writer, json);
                break;
            case UserData user:
                WriteUser(writer, user);
                break;
            case QuotaPlan plan:
                QuotaJson.Write(writer, plan, QuotaFields.All);
                break;
            case IReadOnlyDictionary<string, string> map:
                writer.WriteStartObject();
                foreach (var (key, item) in map)
                    writer.WriteString(key, Redaction.Shown(item));
                writer.WriteEndObject();
                break;
            default:
                writer.WriteStringValue(value.ToString() is { } printed ? Redaction.Shown(printed) : null);
                break;
        }
    }

    /// <summary>Writes numbers and literals unchanged, and texts like all other fields.</summary>
    private static void WriteJson(Utf8JsonWriter writer, JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in json.EnumerateObject())
                {
                    writer.WritePropertyName(member.Name);
                    WriteJson(writer, member.Value);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in json.EnumerateArray())
                    WriteJson(writer, item);
                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                Write(writer, json.GetString());
                break;
            default:
                json.WriteTo(writer);
                break;
        }
    }

    /// <summary>Writes the data that is stored with the token, without the username (contract/tokens.md 3.1).</summary>
    private static void WriteUser(Utf8JsonWriter writer, UserData user)
    {
        writer.WriteStartObject();
        if (user.Name is not null)
            writer.WriteString("name", user.Name);
        if (user.Email is not null)
            writer.WriteString("email", user.Email);
        if (user.Uid is { } uid)
            writer.WriteNumber("uid", uid);
        if (user.Gid is { } gid)
            writer.WriteNumber("gid", gid);
        if (user.Groups is { } groups)
            GroupJson.Write(writer, "groups", groups);
        writer.WriteEndObject();
    }

    private static string SnakeCase(string name)
    {
        if (!name.Any(char.IsUpper))
            return name;
        var text = new StringBuilder(name.Length + 4);
        foreach (var c in name)
        {
            if (char.IsUpper(c) && text.Length > 0)
                text.Append('_');
            text.Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }
}
