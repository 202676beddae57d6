using System.Text.Json;
using Porthor.Quotas;
using Porthor.Users;
using Porthor.Values;

namespace Porthor.Server.Api;

/// <summary>
/// What is known about users as JSON, by the second of the contract's two rules: what has its usual value is left out, also an
/// empty list (contract/userinfo.md 1). The first rule is <see cref="TokenJson"/>'s.
/// </summary>
internal static class UserJson
{
    public static void WriteWithoutDefaults(Utf8JsonWriter writer, UserInfo user)
    {
        writer.WriteStartObject();
        writer.WriteString("username", user.Username);
        if (user.Name is { } name)
            writer.WriteString("name", name);
        if (user.Email is { } email)
            writer.WriteString("email", email);
        if (user.Uid is { } uid)
            writer.WriteNumber("uid", uid);
        if (user.Gid is { } gid)
            writer.WriteNumber("gid", gid);
        WriteGroups(writer, "groups", user.Groups);
        if (user.Quota is { } quota)
            WriteQuota(writer, quota);
        writer.WriteEndObject();
    }

    public static void WriteWithoutDefaults(Utf8JsonWriter writer, AllGroups groups)
    {
        writer.WriteStartObject();
        WriteGroups(writer, "user", groups.User);
        WriteGroups(writer, "system", groups.System);
        writer.WriteEndObject();
    }

    private static void WriteGroups(Utf8JsonWriter writer, string name, IReadOnlyList<Group> groups)
    {
        if (groups.Count == 0)
            return;
        writer.WriteStartArray(name);
        foreach (var group in groups)
        {
            writer.WriteStartObject();
            writer.WriteString("name", group.Name);
            writer.WriteNumber("id", group.Id);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteQuota(Utf8JsonWriter writer, Quota quota)
    {
        writer.WriteStartObject("quota");
        WriteNumbers(writer, "api", quota.Api);
        WriteNumbers(writer, "disk", quota.Disk);
        if (quota.Notebook is { } notebook)
        {
            writer.WriteStartObject("notebook");
            writer.WritePropertyName("cpu");
            ReferenceJson.WriteFloat(writer, notebook.Cpu);
            writer.WritePropertyName("memory");
            ReferenceJson.WriteFloat(writer, notebook.Memory);
            if (!notebook.Spawn)
                writer.WriteBoolean("spawn", value: false);
            writer.WriteEndObject();
        }
        if (quota.Tap.Count > 0)
        {
            writer.WriteStartObject("tap");
            foreach (var (service, tap) in quota.Tap)
            {
                writer.WriteStartObject(service);
                writer.WriteNumber("concurrent", tap.Concurrent);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter writer, string name, IReadOnlyDictionary<string, long> numbers)
    {
        if (numbers.Count == 0)
            return;
        writer.WriteStartObject(name);
        foreach (var (key, number) in numbers)
            writer.WriteNumber(key, number);
        writer.WriteEndObject();
    }
}
