using System.Text.Json;
using Porthor.Identity;
using Porthor.Quotas;
using Porthor.Users;

namespace Porthor.Server.Api;

/// <summary>
/// Writes user information as JSON by the second rule of the contract: fields with default values, including empty lists, are omitted
/// (contract/userinfo.md 1). <see cref="TokenJson"/> implements the first rule.
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
        {
            writer.WritePropertyName("quota");
            QuotaJson.Write(writer, quota, QuotaFields.WithoutDefaults);
        }
        writer.WriteEndObject();
    }

    /// <summary>Writes all groups of a directory in parts.</summary>
    public static async Task WriteWithoutDefaultsAsync(JsonParts parts, AllGroups groups, CancellationToken cancellationToken)
    {
        parts.Writer.WriteStartObject();
        foreach (var (name, list) in ((string, IReadOnlyList<Group>)[])[("user", groups.User), ("system", groups.System)])
        {
            if (list.Count > 0)
                await parts.WriteArrayAsync(name, list, GroupJson.Write, cancellationToken);
        }
        parts.Writer.WriteEndObject();
    }

    private static void WriteGroups(Utf8JsonWriter writer, string name, IReadOnlyList<Group> groups)
    {
        if (groups.Count > 0)
            GroupJson.Write(writer, name, groups);
    }
}
