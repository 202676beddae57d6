using System.Text.Json;
using Porthor.Values;

namespace Porthor.Quotas;

/// <summary>Specifies which fields of a quota are written.</summary>
public enum QuotaFields
{
    /// <summary>All fields, as in the stored form; <c>notebook</c> is null if there are no limits for notebooks.</summary>
    All,

    /// <summary>All fields except those that are null, as in most responses.</summary>
    WithoutNulls,

    /// <summary>
    /// All fields except those with their default values, including empty maps, as in some responses (contract/userinfo.md 1).
    /// </summary>
    WithoutDefaults,
}

/// <summary>
/// Reads and writes quotas as JSON, in the stored form and in the form of responses (contract/storage.md 3.4, userinfo.md 1).
/// </summary>
public static class QuotaJson
{
    /// <summary>Returns the stored form: compact, with all fields.</summary>
    public static byte[] Write(QuotaPlan plan) => ReferenceJson.Write(writer => Write(writer, plan, QuotaFields.All)).ToArray();

    /// <summary>Writes the quotas of a deployment as an object.</summary>
    /// <param name="writer">The writer.</param>
    /// <param name="plan">The quotas.</param>
    /// <param name="fields">The fields to write.</param>
    public static void Write(Utf8JsonWriter writer, QuotaPlan plan, QuotaFields fields)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("default");
        Write(writer, plan.Default, fields);
        writer.WriteStartObject("groups");
        foreach (var (name, quota) in plan.Groups)
        {
            writer.WritePropertyName(name);
            Write(writer, quota, fields);
        }
        writer.WriteEndObject();
        writer.WriteStartArray("bypass");
        foreach (var group in plan.Bypass)
            writer.WriteStringValue(group);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Writes a quota as an object.</summary>
    /// <param name="writer">The writer.</param>
    /// <param name="quota">The quota.</param>
    /// <param name="fields">The fields to write.</param>
    public static void Write(Utf8JsonWriter writer, Quota quota, QuotaFields fields)
    {
        var withEmpty = fields != QuotaFields.WithoutDefaults;
        writer.WriteStartObject();
        WriteMap(writer, "api", quota.Api, withEmpty, writer.WriteNumberValue);
        WriteMap(writer, "disk", quota.Disk, withEmpty, writer.WriteNumberValue);
        if (quota.Notebook is { } notebook)
        {
            writer.WriteStartObject("notebook");
            writer.WritePropertyName("cpu");
            ReferenceJson.WriteFloat(writer, notebook.Cpu);
            writer.WritePropertyName("memory");
            ReferenceJson.WriteFloat(writer, notebook.Memory);
            if (withEmpty || !notebook.Spawn)
                writer.WriteBoolean("spawn", notebook.Spawn);
            writer.WriteEndObject();
        }
        else if (fields == QuotaFields.All)
        {
            writer.WriteNull("notebook");
        }
        WriteMap(writer, "tap", quota.Tap, withEmpty, tap =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("concurrent", tap.Concurrent);
            writer.WriteEndObject();
        });
        writer.WriteEndObject();
    }

    /// <summary>Parses the stored form. An unknown field is an error, because it could be a limit that would not be applied.</summary>
    /// <exception cref="FormatException">The JSON does not have the stored form.</exception>
    public static QuotaPlan Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return ReadPlan(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or OverflowException)
        {
            throw new FormatException("not a quota plan", e);
        }
    }

    private static QuotaPlan ReadPlan(JsonElement json)
    {
        var plan = new QuotaPlan();
        foreach (var field in json.EnumerateObject())
        {
            plan = field.Name switch
            {
                "default" => plan with { Default = ReadQuota(field.Value) },
                "groups" => plan with { Groups = ReadMap(field.Value, ReadQuota) },
                "bypass" => plan with { Bypass = [.. field.Value.EnumerateArray().Select(name => name.GetString()!)] },
                _ => throw Unknown(field),
            };
        }
        return plan;
    }

    private static Quota ReadQuota(JsonElement json)
    {
        var quota = new Quota();
        foreach (var field in json.EnumerateObject())
        {
            quota = field.Name switch
            {
                "api" => quota with { Api = ReadMap(field.Value, value => value.GetInt64()) },
                "disk" => quota with { Disk = ReadMap(field.Value, value => value.GetInt64()) },
                "notebook" => quota with { Notebook = field.Value.ValueKind == JsonValueKind.Null ? null : ReadNotebook(field.Value) },
                "tap" => quota with { Tap = ReadMap(field.Value, ReadTap) },
                _ => throw Unknown(field),
            };
        }
        return quota;
    }

    private static NotebookQuota ReadNotebook(JsonElement json)
    {
        double? cpu = null, memory = null;
        var spawn = true;
        foreach (var field in json.EnumerateObject())
        {
            _ = field.Name switch
            {
                "cpu" => cpu = ReadNumber(field),
                "memory" => memory = ReadNumber(field),
                "spawn" => (spawn = field.Value.GetBoolean()) ? 1 : 0,
                _ => throw Unknown(field),
            };
        }
        return cpu is null || memory is null
            ? throw new FormatException("notebook lacks cpu or memory")
            : new NotebookQuota(cpu.Value, memory.Value, spawn);
    }

    private static double ReadNumber(JsonProperty field) =>
        field.Value.GetDouble() is var number && double.IsFinite(number) ? number : throw new FormatException($"{field.Name} is too large");

    private static TapQuota ReadTap(JsonElement json)
    {
        long? concurrent = null;
        foreach (var field in json.EnumerateObject())
            concurrent = field.Name == "concurrent" ? field.Value.GetInt64() : throw Unknown(field);
        return new TapQuota(concurrent ?? throw new FormatException("tap lacks concurrent"));
    }

    private static Dictionary<string, T> ReadMap<T>(JsonElement json, Func<JsonElement, T> read)
    {
        Dictionary<string, T> map = [];
        foreach (var field in json.EnumerateObject())
            map[field.Name] = read(field.Value);
        return map;
    }

    private static FormatException Unknown(JsonProperty field) => new($"unknown field {field.Name}");

    private static void WriteMap<T>(Utf8JsonWriter writer, string name, IReadOnlyDictionary<string, T> map, bool withEmpty, Action<T> write)
    {
        if (map.Count == 0 && !withEmpty)
            return;
        writer.WriteStartObject(name);
        foreach (var (key, value) in map)
        {
            writer.WritePropertyName(key);
            write(value);
        }
        writer.WriteEndObject();
    }
}
