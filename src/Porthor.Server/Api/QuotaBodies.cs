using System.Text.Json;
using Porthor.Quotas;
using Porthor.Server.Api.Validation;

namespace Porthor.Server.Api;

/// <summary>Reads quotas from a body. Fields that nobody knows are errors here: they would be limits that nobody applies.</summary>
internal static class QuotaBodies
{
    public static QuotaPlan ReadPlan(JsonFields body)
    {
        body.Only("default", "groups", "bypass");
        return new QuotaPlan
        {
            Default = body.Object("default", ReadQuota) ?? Quota.Empty,
            Groups = body.Map("groups", (fields, name) => fields.Object(name, ReadQuota) ?? Quota.Empty),
            Bypass = ReadBypass(body),
        };
    }

    private static Quota ReadQuota(JsonFields fields)
    {
        fields.Only("api", "disk", "notebook", "tap");
        return new Quota
        {
            Api = fields.Map("api", ReadInteger),
            Disk = fields.Map("disk", ReadInteger),
            Notebook = fields.Find("notebook") is null or { ValueKind: JsonValueKind.Null } ? null : fields.Object("notebook", ReadNotebook),
            Tap = fields.Map("tap", (entries, name) => entries.Object(name, ReadTap) ?? new TapQuota(0)),
        };
    }

    private static NotebookQuota ReadNotebook(JsonFields fields)
    {
        fields.Only("cpu", "memory", "spawn");
        return new NotebookQuota(fields.RequiredNumber("cpu"), fields.RequiredNumber("memory"), fields.Flag("spawn", otherwise: true));
    }

    private static TapQuota ReadTap(JsonFields fields)
    {
        fields.Only("concurrent");
        return new TapQuota(fields.Required("concurrent") is { } value ? fields.Integer(value, fields.Where("concurrent")) : 0);
    }

    private static long ReadInteger(JsonFields entries, string name) => entries.Integer(entries.Find(name)!.Value, entries.Where(name));

    private static IReadOnlyList<string> ReadBypass(JsonFields body)
    {
        const string name = "bypass";
        switch (body.Find(name))
        {
            case null:
                return [];
            case { ValueKind: JsonValueKind.Array }:
                return body.Scopes(name)?.Names ?? [];
            case { } value:
                body.Errors.Add("set_type", body.Where(name), "Input should be a valid set", value);
                return [];
        }
    }
}
