using System.Text.Json;

namespace Porthor.Identity;

/// <summary>Writes groups as JSON, in the same form in records, responses and logs (contract/tokens.md 3.1, userinfo.md 1).</summary>
public static class GroupJson
{
    /// <summary>Writes an array of groups as a property of the current object.</summary>
    /// <param name="writer">The writer.</param>
    /// <param name="name">The name of the property.</param>
    /// <param name="groups">The groups.</param>
    public static void Write(Utf8JsonWriter writer, string name, IReadOnlyList<Group> groups)
    {
        writer.WriteStartArray(name);
        // A loop by index does not allocate an enumerator. Forward authentication writes groups in log lines.
        for (var i = 0; i < groups.Count; i++)
            Write(writer, groups[i]);
        writer.WriteEndArray();
    }

    /// <summary>Writes a group as an object.</summary>
    public static void Write(Utf8JsonWriter writer, Group group)
    {
        writer.WriteStartObject();
        writer.WriteString("name", group.Name);
        writer.WriteNumber("id", group.Id);
        writer.WriteEndObject();
    }
}
