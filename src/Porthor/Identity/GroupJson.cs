using System.Text.Json;

namespace Porthor.Identity;

/// <summary>Groups as JSON, alike in records, answers and logs (contract/tokens.md 3.1, userinfo.md 1).</summary>
public static class GroupJson
{
    public static void Write(Utf8JsonWriter writer, string name, IReadOnlyList<Group> groups)
    {
        writer.WriteStartArray(name);
        // By index: log lines of the authorization path tell groups, and an enumerator is garbage.
        for (var i = 0; i < groups.Count; i++)
            Write(writer, groups[i]);
        writer.WriteEndArray();
    }

    public static void Write(Utf8JsonWriter writer, Group group)
    {
        writer.WriteStartObject();
        writer.WriteString("name", group.Name);
        writer.WriteNumber("id", group.Id);
        writer.WriteEndObject();
    }
}
