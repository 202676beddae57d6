using System.Buffers;
using System.Text.Json;
using Porthor.Values;

namespace Porthor.Quotas;

/// <summary>Quotas as JSON: as they are stored, and as answers show them (contract/storage.md 3.4, userinfo.md 1).</summary>
public static class QuotaJson
{
    /// <summary>The stored form: compact, nothing left out.</summary>
    public static byte[] Write(QuotaPlan plan)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, ReferenceJson.Compact))
            Write(writer, plan, withNulls: true);
        return buffer.WrittenSpan.ToArray();
    }

    /// <param name="withNulls">Write <c>notebook</c> also where there is none.</param>
    public static void Write(Utf8JsonWriter writer, QuotaPlan plan, bool withNulls)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("default");
        Write(writer, plan.Default, withNulls);
        writer.WriteStartObject("groups");
        foreach (var (name, quota) in plan.Groups)
        {
            writer.WritePropertyName(name);
            Write(writer, quota, withNulls);
        }
        writer.WriteEndObject();
        writer.WriteStartArray("bypass");
        foreach (var group in plan.Bypass)
            writer.WriteStringValue(group);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <inheritdoc cref="Write(Utf8JsonWriter, QuotaPlan, bool)"/>
    public static void Write(Utf8JsonWriter writer, Quota quota, bool withNulls)
    {
        writer.WriteStartObject();
        WriteNumbers(writer, "api", quota.Api);
        WriteNumbers(writer, "disk", quota.Disk);
        if (quota.Notebook is { } notebook)
        {
            writer.WriteStartObject("notebook");
            writer.WritePropertyName("cpu");
            ReferenceJson.WriteFloat(writer, notebook.Cpu);
            writer.WritePropertyName("memory");
            ReferenceJson.WriteFloat(writer, notebook.Memory);
            writer.WriteBoolean("spawn", notebook.Spawn);
            writer.WriteEndObject();
        }
        else if (withNulls)
        {
            writer.WriteNull("notebook");
        }
        writer.WriteStartObject("tap");
        foreach (var (name, tap) in quota.Tap)
        {
            writer.WriteStartObject(name);
            writer.WriteNumber("concurrent", tap.Concurrent);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Reads the stored form. Unknown fields are errors: they would be limits that nobody applies.</summary>
    /// <exception cref="FormatException">It is not that form.</exception>
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
        return cpu is null || memory is null ? throw new FormatException("notebook lacks cpu or memory") : new NotebookQuota(cpu.Value, memory.Value, spawn);
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

    private static void WriteNumbers(Utf8JsonWriter writer, string name, IReadOnlyDictionary<string, long> numbers)
    {
        writer.WriteStartObject(name);
        foreach (var (key, value) in numbers)
            writer.WriteNumber(key, value);
        writer.WriteEndObject();
    }
}
