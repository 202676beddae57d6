using System.Text.Json;
using Porthor.Quotas;
using Porthor.Users;

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
        {
            writer.WritePropertyName("quota");
            QuotaJson.Write(writer, quota, QuotaFields.WithoutDefaults);
        }
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
        if (groups.Count > 0)
            GroupJson.Write(writer, name, groups);
    }
}
